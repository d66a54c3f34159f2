// Runs a command under libprovisr and counts its whole tree, orphans included (Linux).
//
//     ./supervise COMMAND [ARGUMENT...]
//
// A process of the tree whose parent has ended becomes a child of this program. What it has used is
// in no account that the library can read once it was reaped, so tell the registry before:
// collect_ended() for every child that does not lead a tree, and no earlier than the child has
// ended. An orphan that has left the process group is in no tree until adopt_orphan(). Here, all
// come from the one command.
#include <provisr/provisr.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

[[nodiscard]] pid_t start(char** command) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);  // orphans keep the group, which shows where they come from
  ::execvp(command[0], command);
  std::perror(command[0]);
  ::_exit(127);
}

[[nodiscard]] std::uint64_t nanoseconds_of(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000U;
}

// Returns a child that has ended, without reaping it; empty if there is none. The system call tells
// its usage, the function of the C library does not (waitid(2)).
[[nodiscard]] std::optional<provisr::EndedChild> any_ended_child() {
  siginfo_t info{};
  rusage usage{};
  const long result = ::syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, &usage);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  provisr::EndedChild child;
  child.pid = info.si_pid;
  child.process_group = ::getpgid(info.si_pid);
  child.cpu_time_ns = nanoseconds_of(usage.ru_utime) + nanoseconds_of(usage.ru_stime);
  return child;
}

void reap(provisr::ProcessId pid) {
  ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
}

struct Ends {
  bool has_leader_ended = false;
  int orphans = 0;
};

void reap_all(provisr::Registry& registry, provisr::ProcessId leader, Ends& ends) {
  while (const auto child = any_ended_child()) {
    if (child->pid == leader) {
      reap(leader);
      ends.has_leader_ended = true;
    } else {
      registry.collect_ended(*child, [&] { reap(child->pid); });
      ++ends.orphans;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: supervise COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of the tree come to this process
  const pid_t leader = start(argv + 1);
  if (leader < 0) {
    std::perror("fork");
    return 1;
  }

  std::vector<provisr::ProcessId> new_orphans;
  provisr::RegistryOptions options;
  options.orphan_observer = [&](provisr::ProcessId orphan, provisr::ProcessId adopter) {
    if (adopter == ::getpid()) new_orphans.push_back(orphan);
  };
  provisr::Registry registry(options);
  const std::error_code error = registry.track(
      "command", leader, {.scope = provisr::SampleScope::tree, .cpu_time_count = {}});
  if (error) std::fprintf(stderr, "cannot watch it: %s\n", error.message().c_str());

  Ends ends;
  while (!ends.has_leader_ended) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    reap_all(registry, leader, ends);
    registry.tick();
    for (const provisr::ProcessId orphan : std::exchange(new_orphans, {})) {
      static_cast<void>(registry.adopt_orphan("command", orphan));  // fails if it has ended
    }
  }
  const auto samples = registry.history("command");
  if (samples && !samples->empty()) {
    const auto cpu_time = samples->back().cpu_time_ns;
    std::printf("cpu time %.2f s, ", static_cast<double>(cpu_time.value_or(0)) / 1e9);
  }
  std::printf("orphans reaped %d\n", ends.orphans);
  return 0;
}
