#include "daemon/platform/process_exists.hpp"

#include <cerrno>
#include <signal.h>

namespace provisr::daemon {

bool process_exists(ProcessId pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

}  // namespace provisr::daemon
