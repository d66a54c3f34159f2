#include "bench/support/sleepers.hpp"

#include <algorithm>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace provisr::bench {
namespace {

[[noreturn]] void sleep_until_killed(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close_range(3, ~0U, 0);
  while (::getppid() == parent) ::pause();
  ::_exit(0);
}

}  // namespace

Sleepers::~Sleepers() {
  for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
  for (const pid_t pid : pids_) ::waitpid(pid, nullptr, 0);
}

std::span<const pid_t> Sleepers::first(std::size_t count) {
  const pid_t parent = ::getpid();
  while (pids_.size() < count) {
    const pid_t pid = ::fork();
    if (pid == 0) sleep_until_killed(parent);
    if (pid < 0) break;
    pids_.push_back(pid);
  }
  return std::span<const pid_t>(pids_).first(std::min(count, pids_.size()));
}

Sleepers& shared_sleepers() {
  static Sleepers sleepers;
  return sleepers;
}

}  // namespace provisr::bench
