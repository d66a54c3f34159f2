#include "daemon/platform/posix/ended_usage.hpp"

namespace provisr::daemon {

/// Orphans are process 1's: there are none to ask for.
std::optional<EndedChild> describe_ended_child(pid_t) noexcept {
  return std::nullopt;
}

}  // namespace provisr::daemon
