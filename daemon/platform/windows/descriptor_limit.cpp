#include "daemon/platform/descriptor_limit.hpp"

namespace provisr::daemon {

// Windows has no adjustable limit on the handles of a process.
void raise_descriptor_limit() {}

std::optional<std::size_t> descriptor_limit() {
  return std::nullopt;
}

}  // namespace provisr::daemon
