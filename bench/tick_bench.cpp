// The cost of a tick per process.
//
// `tick` ticks over 10 to 6,000 real processes. It is compared with the four bare system calls for
// the same processes and with a tick beyond the budget of kept descriptors, which reads by path.
// `bare_by_path` makes only the six system calls that this takes. All four read every process in
// full, as if it had run. `idle` is the default tick over the same processes, none of which has
// run. Each way opens its descriptors before its turn and closes them afterwards. `fake_tick` has
// up to 10,000 processes whose reads cost nothing: it measures the library's own work.

#include "bench/support/bare_process.hpp"
#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"
#include "bench/support/sleepers.hpp"

#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::bench {
namespace {

/// After this many ticks, a tick allocates nothing.
constexpr int ticks_to_settle = 3;

[[nodiscard]] std::unique_ptr<Registry> watch(std::span<const pid_t> pids,
                                              const SamplerOptions& options,
                                              FurtherFigures further_figures) {
  auto registry = std::make_unique<Registry>(RegistryOptions{.further_figures = further_figures},
                                             SamplingContext(options));
  for (std::size_t i = 0; i < pids.size(); ++i) {
    if (const auto error = registry->track(process_name(i), pids[i])) {
      throw std::system_error(error);
    }
  }
  for (int i = 0; i < ticks_to_settle; ++i) registry->tick();
  return registry;
}

[[nodiscard]] SamplerOptions in_full(std::size_t kept_descriptors) {
  return {.max_kept_descriptors = kept_descriptors, .max_idle_age = {}};
}

[[nodiscard]] Way tick_way(std::string name, std::span<const pid_t> pids, std::size_t passes,
                           const SamplerOptions& options, FurtherFigures further_figures = {}) {
  auto registry = std::make_shared<std::unique_ptr<Registry>>();
  return {.name = std::move(name),
          .work =
              [=] {
                for (std::size_t pass = 0; pass < passes; ++pass) {
                  benchmark::DoNotOptimize((*registry)->tick());
                }
              },
          .before = [=] { *registry = watch(pids, options, further_figures); },
          .after = [=] { registry->reset(); }};
}

/// Process: BareProcess or BarePath.
template <class Process>
[[nodiscard]] Way bare_way(std::string name, std::span<const pid_t> pids, std::size_t passes) {
  auto processes = std::make_shared<std::vector<Process>>();
  const auto read_all = [processes] {
    for (const Process& process : *processes) benchmark::DoNotOptimize(process.read());
  };
  return {.name = std::move(name),
          .work =
              [=] {
                for (std::size_t pass = 0; pass < passes; ++pass) read_all();
              },
          .before =
              [=] {
                for (const pid_t pid : pids) processes->emplace_back(pid);
                for (int i = 0; i < ticks_to_settle; ++i) read_all();
              },
          .after = [=] { processes->clear(); }};
}

void tick(benchmark::State& state) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const auto wanted = static_cast<std::size_t>(state.range(0));
  const auto possible = std::min<std::size_t>(wanted, (descriptors - 100) / 3);
  const std::span<const pid_t> pids = shared_sleepers().first(possible);
  const std::size_t passes = std::max<std::size_t>(3, 1'000 / pids.size());
  if (pids.size() < wanted) state.SetLabel("only " + std::to_string(pids.size()) + " processes");
  state.counters["processes"] = static_cast<double>(pids.size());
  compare(
      state, static_cast<double>(pids.size() * passes),
      {tick_way("tick", pids, passes, in_full(pids.size() * 3)),
       bare_way<BareProcess>("bare", pids, passes), tick_way("by_path", pids, passes, in_full(0)),
       bare_way<BarePath>("bare_by_path", pids, passes),
       tick_way("idle", pids, passes, {.max_kept_descriptors = pids.size() * 3})});
}
BENCHMARK(tick)->Arg(10)->Arg(100)->UseManualTime()->Iterations(rounds(100));
BENCHMARK(tick)->Arg(1'000)->UseManualTime()->Iterations(rounds(50));
BENCHMARK(tick)->Arg(3'000)->Arg(6'000)->UseManualTime()->Iterations(rounds(15));

/// Measures what each word of `collect` adds to the tick of a process that ran.
void collect(benchmark::State& state) {
  raise_descriptor_limit();
  const std::span<const pid_t> pids = shared_sleepers().first(100);
  constexpr std::size_t passes = 10;
  const SamplerOptions options = in_full(pids.size() * 3);
  std::vector<Way> ways{tick_way("tick", pids, passes, options),
                        bare_way<BareProcess>("bare", pids, passes)};
  for_each_group<figures>([&](std::string_view word) {
    ways.push_back(
        tick_way(std::string(word), pids, passes, options, further_group<figures>(word)));
  });
  compare(state, static_cast<double>(pids.size() * passes), ways);
}
BENCHMARK(collect)->Name("collect/100")->UseManualTime()->Iterations(rounds(30));

void fake_tick(benchmark::State& state) {
  const auto processes = static_cast<std::size_t>(state.range(0));
  BasicRegistry<FakeSampler> registry;
  track_fakes(registry, processes);
  for (int i = 0; i < ticks_to_settle; ++i) registry.tick();
  compare(state, static_cast<double>(processes),
          {{"tick", [&] { benchmark::DoNotOptimize(registry.tick()); }}});
}
BENCHMARK(fake_tick)->Arg(100)->Arg(1'000)->Arg(10'000)->UseManualTime();

}  // namespace
}  // namespace provisr::bench
