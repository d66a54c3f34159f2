// The cost of publishing a sample: adding it to its history and making it visible to readers.
//
//   publish  a tick's batch, from the last read of a process to the return of the tick: the lock,
//   the
//            pushes into all histories and the new snapshot; without the two clock reads in
//            between, one by the tick and one by the benchmark
//   tick     the whole tick without the cost of reading processes: includes the clock, the CPU rate
//            and the copy into the snapshot
//   record   one sample at a time: found by name, under the lock, safe for concurrent readers
//   push     History::push alone, into the same number of histories in turn
//   lock     locking and unlocking an uncontended mutex: the lower bound of a push that is safe
//            during a tick is `push` plus `lock`

#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"

#include <provisr/history.hpp>
#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

constexpr std::size_t capacity = 1'000;

/// Returns how often to repeat the work so that it is long enough to measure.
[[nodiscard]] std::size_t repeats(std::size_t names) {
  return names < 1'000 ? 10'000 / names : 10;
}

[[nodiscard]] double nanoseconds(std::chrono::duration<double, std::nano> time) {
  return time.count();
}

/// Returns the cost of reading the clock.
[[nodiscard]] double clock_ns() {
  std::vector<double> costs;
  for (int i = 0; i < 1'000; ++i) {
    const auto before = std::chrono::steady_clock::now();
    for (int look = 0; look < 9; ++look) benchmark::DoNotOptimize(std::chrono::steady_clock::now());
    costs.push_back(nanoseconds(std::chrono::steady_clock::now() - before) / 10);
  }
  return median(std::move(costs));
}

void by_batch(benchmark::State& state) {
  const auto names = static_cast<std::size_t>(state.range(0));
  FakeSampler::Shared shared{.processes = names};
  BasicRegistry<FakeSampler> registry({.max_history = capacity, .diagnostics = {}}, {&shared});
  track_fakes(registry, names);
  for (std::size_t i = 0; i < capacity; ++i) registry.tick();  // histories are full
  std::vector<double> publish_ns;
  std::vector<double> tick_ns;
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    registry.tick();
    const auto ended = std::chrono::steady_clock::now();
    publish_ns.push_back(nanoseconds(ended - shared.sampled_at));
    tick_ns.push_back(nanoseconds(ended - begun));
    state.SetIterationTime(tick_ns.back() * 1e-9);
  }
  state.counters["publish_ns"] =
      (median(std::move(publish_ns)) - 2 * clock_ns()) / static_cast<double>(names);
  state.counters["tick_ns"] = median(std::move(tick_ns)) / static_cast<double>(names);
}
BENCHMARK(by_batch)->Arg(10)->Arg(100)->Arg(1'000)->UseManualTime();

void one_at_a_time(benchmark::State& state) {
  const auto names = static_cast<std::size_t>(state.range(0));
  BasicRegistry<FakeSampler> registry({.max_history = capacity, .diagnostics = {}});
  std::vector<std::string> all_names;
  std::vector<std::unique_ptr<History>> histories;
  for (std::size_t i = 0; i < names; ++i) {
    all_names.push_back(process_name(i));
    static_cast<void>(registry.declare(all_names.back()));
    histories.push_back(std::make_unique<History>(capacity));
  }
  registry.tick();
  std::mutex mutex;
  ProcessMetrics sample;
  const auto in_turn = [&](auto&& work) {
    for (std::size_t round = 0; round < repeats(names); ++round) {
      for (std::size_t i = 0; i < names; ++i) work(i);
      sample.pid = static_cast<ProcessId>(round);
    }
  };
  compare(state, static_cast<double>(names * repeats(names)),
          {{"record",
            [&] {
              in_turn([&](std::size_t i) {
                benchmark::DoNotOptimize(registry.record(all_names[i], sample));
              });
            }},
           {"push", [&] { in_turn([&](std::size_t i) { histories[i]->push(sample); }); }},
           {"lock", [&] {
              in_turn([&](std::size_t) {
                const std::lock_guard lock(mutex);
                benchmark::ClobberMemory();
              });
            }}});
}
BENCHMARK(one_at_a_time)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000)->UseManualTime();

}  // namespace
}  // namespace provisr::bench
