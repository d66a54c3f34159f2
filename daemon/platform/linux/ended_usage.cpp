#include "daemon/platform/posix/ended_usage.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::uint64_t nanoseconds_of(const timeval& time) noexcept {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000U;
}

}  // namespace

std::optional<EndedChild> describe_ended_child(pid_t pid) noexcept {
  siginfo_t info{};
  rusage usage{};
  // The system call, unlike the function of the C library, tells the usage (waitid(2)).
  const long result = ::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage);
  if (result != 0 || info.si_pid != pid) return std::nullopt;
  return EndedChild{pid, ::getpgid(pid),
                    nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime)};
}

}  // namespace provisr::daemon
