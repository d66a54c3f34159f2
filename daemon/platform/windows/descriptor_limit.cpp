#include "daemon/platform/descriptor_limit.hpp"

namespace provisr::daemon {

// Windows sets no limit to the handles of a process that could be raised.
void raise_descriptor_limit() {}

std::optional<std::size_t> descriptor_limit() {
  return std::nullopt;
}

}  // namespace provisr::daemon
