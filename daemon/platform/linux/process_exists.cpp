#include "daemon/platform/process_exists.hpp"

#include "daemon/platform/linux/pidfd.hpp"

#include <cerrno>
#include <poll.h>
#include <signal.h>
#include <time.h>

namespace provisr::daemon {
namespace {

/// kill(2) also accepts the id of a thread.
[[nodiscard]] bool is_known_to_be_no_process(pid_t pid) {
  clockid_t clock{};
  return ::clock_getcpuclockid(pid, &clock) == ESRCH;
}

/// False if the kernel does not tell (before Linux 5.3, or a seccomp filter).
[[nodiscard]] bool is_known_to_have_ended(pid_t pid) {
  const posix_platform::FileDescriptor pidfd = open_pidfd(pid);
  pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return pidfd && ::poll(&ended, 1, 0) > 0;
}

}  // namespace

bool process_exists(ProcessId pid) {
  const auto number = static_cast<pid_t>(pid);
  const bool is_taken = pid > 0 && (::kill(number, 0) == 0 || errno == EPERM);
  return is_taken && !is_known_to_be_no_process(number) && !is_known_to_have_ended(number);
}

}  // namespace provisr::daemon
