// The cost of process trees.
//
//   tree        a tick over one tree of 1, 10 or 100 members, compared with the four bare system
//               calls for the same processes; every member is read in full, as if it had run
//   trees       the same for 100 processes without children, each watched as a tree
//   births      the extra cost of a tick for each child that was born since the tick before: the
//               difference to a later tick over the same members
//   bare_births the system calls alone that find, open and read such a child
//   strangers   a tick over a tree of ten without births, while 5,000 other processes sleep on the
//               machine, compared with the same tick without them
//   walk        a tick over a tree of ten among 5,000 other processes, compared with the obvious
//               way: to find the members by reading the parent of every process, then to open, read
//               and parse the files of each member

#include "bench/support/bare_process.hpp"
#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"
#include "bench/support/naive_process.hpp"
#include "bench/support/sleepers.hpp"
#include "bench/support/sleeping_tree.hpp"

#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

constexpr int ticks_to_settle = 3;

void settle(Registry& registry) {
  for (int i = 0; i < ticks_to_settle; ++i) registry.tick();
}

/// Watches each of these processes as a tree, with every member read in full.
[[nodiscard]] std::unique_ptr<Registry> watch_trees(std::span<const pid_t> leaders) {
  raise_descriptor_limit();
  auto registry =
      std::make_unique<Registry>(RegistryOptions{}, SamplingContext({.max_idle_age = {}}));
  for (std::size_t i = 0; i < leaders.size(); ++i) {
    const auto error = registry->track(process_name(i), leaders[i], {.scope = SampleScope::tree});
    if (error) throw std::system_error(error);
  }
  settle(*registry);
  return registry;
}

/// Compares ticks of the registry with the bare system calls for the same processes.
void compare_with_bare_calls(benchmark::State& state, Registry& registry,
                             std::span<const pid_t> pids) {
  std::vector<BareProcess> bare;
  for (const pid_t pid : pids) bare.emplace_back(pid);
  const int passes = pids.size() < 100 ? 100 : 10;
  compare(state, static_cast<double>(pids.size()) * passes,
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

void tree(benchmark::State& state) {
  const SleepingTree processes(static_cast<std::size_t>(state.range(0)));
  const auto registry = watch_trees(std::span(processes.pids()).first(1));
  compare_with_bare_calls(state, *registry, processes.pids());
}
BENCHMARK(tree)->Arg(1)->Arg(10)->Arg(100)->UseManualTime()->Iterations(rounds(60));

void trees(benchmark::State& state) {
  Sleepers sleepers;
  const std::span<const pid_t> pids = sleepers.first(static_cast<std::size_t>(state.range(0)));
  const auto registry = watch_trees(pids);
  compare_with_bare_calls(state, *registry, pids);
}
BENCHMARK(trees)->Arg(100)->UseManualTime()->Iterations(rounds(60));

template <class Work>
[[nodiscard]] double time_ns(Work&& work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
}

[[nodiscard]] double tick_ns(Registry& registry) {
  return time_ns([&] { registry.tick(); });
}

void births(benchmark::State& state) {
  const auto born = static_cast<std::uint32_t>(state.range(0));
  SleepingTree processes(10);
  const auto registry = watch_trees(std::span(processes.pids()).first(1));
  std::vector<double> costs;
  for (auto _ : state) {
    processes.bear(born);
    const double with_births = tick_ns(*registry);
    if (registry->latest(process_name(0))->num_processes != 10 + born) {
      throw std::runtime_error("a tick did not find all births");
    }
    registry->tick();  // checks once more the PIDs that had no process
    costs.push_back((with_births - tick_ns(*registry)) / born);
    processes.end_born();
    settle(*registry);
    state.SetIterationTime(with_births * 1e-9);
  }
  state.counters["birth_ns"] = median(std::move(costs));
}
BENCHMARK(births)->Arg(20)->UseManualTime()->Iterations(rounds(60));

/// Makes only the system calls that find, open and read new processes, less those of later
/// readings.
void bare_births(benchmark::State& state) {
  const auto born = static_cast<std::uint32_t>(state.range(0));
  SleepingTree processes(10);
  std::vector<double> costs;
  for (auto _ : state) {
    const std::vector<pid_t> pids = processes.bear(born);
    std::vector<BareProcess> opened;
    opened.reserve(born);
    const auto read_all = [&] {
      for (const BareProcess& process : opened) benchmark::DoNotOptimize(process.read());
    };
    const double with_births = time_ns([&] {
      for (const pid_t pid : pids) {
        benchmark::DoNotOptimize(identify_bare(pid));
        opened.emplace_back(pid);
      }
      read_all();
    });
    costs.push_back((with_births - time_ns(read_all)) / born);
    processes.end_born();
    state.SetIterationTime(with_births * 1e-9);
  }
  state.counters["birth_ns"] = median(std::move(costs));
}
BENCHMARK(bare_births)->Arg(20)->UseManualTime()->Iterations(rounds(60));

void strangers(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const SleepingTree processes(10);
  const auto registry = watch_trees(std::span(processes.pids()).first(1));
  constexpr int passes = 1'000;
  const auto tick = [&] {
    for (int i = 0; i < passes; ++i) registry->tick();
  };
  std::optional<Sleepers> crowd;
  const auto calm_down = [&] {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(300));  // the kernel cleans up after the ended processes
    settle(*registry);
  };
  const auto gather = [&] {
    crowd.emplace();
    if (crowd->first(count).size() < count) throw std::runtime_error("too few processes");
    calm_down();
  };
  compare(state, passes,
          {{.name = "among", .work = tick, .before = gather, .after = [&] { crowd.reset(); }},
           {.name = "alone", .work = tick, .before = calm_down}});
}
BENCHMARK(strangers)->Arg(5'000)->UseManualTime()->Iterations(rounds(15));

void walk(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const SleepingTree processes(10);
  Sleepers crowd;
  if (crowd.first(count).size() < count) throw std::runtime_error("too few processes");
  const auto registry = watch_trees(std::span(processes.pids()).first(1));
  compare(state, 1,
          {{"tick", [&] { registry->tick(); }},
           {"walk", [&] {
              for (const pid_t pid : find_tree_naively(processes.pids().front())) {
                benchmark::DoNotOptimize(read_naively(pid));
              }
            }}});
}
BENCHMARK(walk)->Arg(5'000)->UseManualTime()->Iterations(rounds(15));

}  // namespace
}  // namespace provisr::bench
