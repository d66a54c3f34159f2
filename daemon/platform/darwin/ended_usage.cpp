#include "daemon/platform/posix/ended_usage.hpp"

namespace provisr::daemon {

/// Orphans become children of process 1, so there are none to describe.
std::optional<EndedChild> describe_ended_child(pid_t) noexcept {
  return std::nullopt;
}

}  // namespace provisr::daemon
