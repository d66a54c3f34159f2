// The cost of looking for processes that fit a `match`, among 1,000 processes that do not. The
// daemon looks at most twice per interval, on its own thread.
//
//   look    a look without new processes, compared with a look at all processes, which the daemon
//           makes once a minute
//   births  the cost of a new process, summed over all looks that check it as a new process: the
//           difference to the same number of looks without new processes

#include "bench/support/comparison.hpp"
#include "bench/support/sleepers.hpp"
#include "bench/support/sleeping_tree.hpp"
#include "daemon/supervisor/process_scout.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

constexpr std::size_t strangers = 1'000;

/// After this many looks, a process is no longer new: only looks at all processes check it.
constexpr int looks_of_newborn = 130;

[[nodiscard]] std::shared_ptr<const daemon::MatchRules> rules_that_nobody_fits() {
  daemon::ProcessConfig process;
  process.name = "worker-{2}";
  process.match = daemon::ProcessMatch{.exe = "/usr/bin/python3*", .args = "*worker.py --queue=*"};
  return std::make_shared<const daemon::MatchRules>(std::vector{process});
}

[[nodiscard]] daemon::ProcessScout make_scout() {
  daemon::ProcessScout scout(daemon::system_scout_sources());
  scout.set_rules(rules_that_nobody_fits(), 1);
  for (int i = 0; i < looks_of_newborn; ++i) static_cast<void>(scout.look(false));
  return scout;
}

void start_strangers() {
  if (shared_sleepers().first(strangers).size() < strangers) {
    throw std::runtime_error("the system allows too few processes");
  }
}

void look(benchmark::State& state) {
  start_strangers();
  daemon::ProcessScout scout = make_scout();
  constexpr int passes = 10;
  const auto look = [&](bool all) {
    for (int i = 0; i < passes; ++i) benchmark::DoNotOptimize(scout.look(all));
  };
  compare(state, passes,
          {{.name = "new", .work = [&] { look(false); }, .before = [&] { look(false); }},
           {.name = "all", .work = [&] { look(true); }}});
}
BENCHMARK(look)->Name("match_look/1000")->UseManualTime()->Iterations(rounds(30));

[[nodiscard]] double looks_ns(daemon::ProcessScout& scout) {
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < looks_of_newborn; ++i) benchmark::DoNotOptimize(scout.look(false));
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
}

void births(benchmark::State& state) {
  start_strangers();
  SleepingTree others(1);
  daemon::ProcessScout scout = make_scout();
  constexpr std::uint32_t born = 50;
  std::vector<double> costs;
  for (auto _ : state) {
    others.bear(born);
    const double with_births = looks_ns(scout);
    costs.push_back((with_births - looks_ns(scout)) / born);
    others.end_born();
    static_cast<void>(scout.look(false));
    state.SetIterationTime(with_births * 1e-9);
  }
  state.counters["birth_ns"] = median(std::move(costs));
}
BENCHMARK(births)->Name("match_births/1000")->UseManualTime()->Iterations(rounds(30));

}  // namespace
}  // namespace provisr::bench
