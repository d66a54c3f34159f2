#include "daemon/platform/posix/wait_status.hpp"

#include <sys/wait.h>

namespace provisr::daemon {

ExitStatus exit_status_of(int wait_status) noexcept {
  if (!WIFSIGNALED(wait_status)) return {.code = WEXITSTATUS(wait_status)};
  return {.signal = WTERMSIG(wait_status), .has_dumped_core = WCOREDUMP(wait_status) != 0};
}

}  // namespace provisr::daemon
