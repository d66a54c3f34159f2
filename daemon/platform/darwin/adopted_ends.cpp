#include "daemon/platform/posix/adopted_ends.hpp"

namespace provisr::daemon {

int adopted_ends_descriptor() noexcept {
  return -1;
}

bool has_adopted_end() noexcept {
  return false;
}

std::optional<ProcessId> next_adopted_end() {
  return std::nullopt;
}

}  // namespace provisr::daemon
