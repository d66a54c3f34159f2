// What a tree of ten members costs a member, beside the four bare system calls over the same
// processes; and a process without children that is sampled as a tree.

#include "bench/support/bare_process.hpp"
#include "bench/support/comparison.hpp"

#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace provisr::bench {
namespace {

/// A leader and its children, which sleep.
class SleepingTree {
 public:
  explicit SleepingTree(std::size_t members) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    const pid_t leader = ::fork();
    if (leader == 0) lead(members, ends[1]);
    pids_.resize(members);
    for (pid_t& pid : pids_) {
      if (::read(ends[0], &pid, sizeof pid) != sizeof pid) throw std::runtime_error("no member");
    }
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~SleepingTree() {
    ::kill(pids_.front(), SIGKILL);
    ::waitpid(pids_.front(), nullptr, 0);
  }
  SleepingTree(const SleepingTree&) = delete;
  SleepingTree& operator=(const SleepingTree&) = delete;

  /// The leader's first.
  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }

 private:
  [[noreturn]] static void report_and_sleep(int pipe) {
    const pid_t self = ::getpid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::write(pipe, &self, sizeof self) != sizeof self) ::_exit(1);
    for (;;) ::pause();
  }
  [[noreturn]] static void lead(std::size_t members, int pipe) {
    const pid_t self = ::getpid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::write(pipe, &self, sizeof self) != sizeof self) ::_exit(1);
    for (std::size_t i = 1; i < members; ++i) {
      if (::fork() == 0) report_and_sleep(pipe);
    }
    for (;;) ::pause();
  }

  std::vector<pid_t> pids_;
};

void tree(benchmark::State& state) {
  const SleepingTree processes(static_cast<std::size_t>(state.range(0)));
  Registry registry;
  const auto error = registry.track("tree", processes.pids().front(), {.scope = SampleScope::tree});
  if (error) throw std::system_error(error);
  for (int i = 0; i < 3; ++i) registry.tick();
  std::vector<BareProcess> bare;
  for (const pid_t pid : processes.pids()) bare.emplace_back(pid);
  constexpr int passes = 100;
  compare(state, static_cast<double>(processes.pids().size()) * passes,
          {{"tree",
            [&] {
              for (int i = 0; i < passes; ++i) registry.tick();
            }},
           {"bare", [&] {
              for (int i = 0; i < passes; ++i) {
                for (const BareProcess& process : bare) benchmark::DoNotOptimize(process.read());
              }
            }}});
}
BENCHMARK(tree)->Arg(1)->Arg(10)->Arg(100)->UseManualTime()->Iterations(rounds(60));

}  // namespace
}  // namespace provisr::bench
