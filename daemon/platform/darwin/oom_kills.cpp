#include "daemon/platform/posix/oom_kills.hpp"

namespace provisr::daemon {

void count_oom_kills() {}

bool was_oom_kill(pid_t /*pid*/) {
  return false;
}

}  // namespace provisr::daemon
