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

[[nodiscard]] std::uint64_t count_of(long count) noexcept {
  return static_cast<std::uint64_t>(count);
}

}  // namespace

std::optional<EndedChild> describe_ended_child(pid_t pid) noexcept {
  siginfo_t info{};
  rusage usage{};
  // Unlike the C library's function, the system call also returns the usage (waitid(2)).
  const long result = ::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage);
  if (result != 0 || info.si_pid != pid) return std::nullopt;
  EndedChild child{.pid = pid, .process_group = ::getpgid(pid)};
  child.cpu_time_ns = nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime);
  child.further[further_slot<figures>("major_faults")] = count_of(usage.ru_majflt);
  child.further[further_slot<figures>("voluntary_switches")] = count_of(usage.ru_nvcsw);
  child.further[further_slot<figures>("involuntary_switches")] = count_of(usage.ru_nivcsw);
  return child;
}

}  // namespace provisr::daemon
