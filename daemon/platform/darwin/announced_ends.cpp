#include "daemon/platform/posix/announced_ends.hpp"

namespace provisr::daemon {

bool announce_end(int /*pidfd*/, ProcessId /*pid*/) noexcept {
  return false;
}

int announced_ends_descriptor() noexcept {
  return -1;
}

std::optional<ProcessId> next_announced_end() {
  return std::nullopt;
}

}  // namespace provisr::daemon
