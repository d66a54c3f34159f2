#include "daemon/platform/posix/process_group.hpp"

#include <cerrno>
#include <signal.h>

namespace provisr::daemon {

pid_t living_member(pid_t group, pid_t /*known*/) {
  return kill(-group, 0) == 0 || errno != ESRCH ? group : 0;
}

bool is_unexecuted_fork(pid_t /*pid*/) {
  return false;
}

}  // namespace provisr::daemon
