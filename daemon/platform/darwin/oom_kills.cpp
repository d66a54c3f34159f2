#include "daemon/platform/oom_kills.hpp"

#include "daemon/platform/posix/oom_kills.hpp"

namespace provisr::daemon {

void check_for_oom_kills() {}

bool was_oom_kill(pid_t /*pid*/) {
  return false;
}

}  // namespace provisr::daemon
