// The cost per sample of the JSON of /api/metrics, for snapshots of 10 to 10,000 processes.
//
//   ours      the daemon's metrics_json
//   to_chars  text of the same length and shape by appends and std::to_chars: the lower bound

#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"
#include "daemon/api/json.hpp"

#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace provisr::bench {
namespace {

template <class Number>
void append_member(std::string& out, std::string_view start, Number number) {
  char digits[32];
  out += start;
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_sample(std::string& out, std::string_view name, const ProcessMetrics& sample) {
  out += '"';
  out += name;
  append_member(out, "\":{\"pid\":", sample.pid);
  out += ",\"name\":\"";
  out += name;
  append_member(out, "\",\"cpu_percent\":", *sample.cpu_percent);
  append_member(out, ",\"memory_mb\":", *sample.memory_mb());
  append_member(out, ",\"memory_rss\":", *sample.memory_rss_bytes);
  append_member(out, ",\"memory_vms\":", *sample.memory_vms_bytes);
  append_member(out, ",\"memory_swap\":", *sample.memory_swap_bytes);
  out += ",\"timestamp\":\"2025-01-27T10:30:45.000Z\"";
  append_member(out, ",\"num_threads\":", *sample.num_threads);
  append_member(out, ",\"num_fds\":", *sample.num_fds);
  out += "},";
}

void json(benchmark::State& state) {
  const auto processes = static_cast<std::size_t>(state.range(0));
  BasicRegistry<FakeSampler> registry;
  track_fakes(registry, processes);
  registry.tick();
  const Snapshot snapshot = registry.snapshot();
  std::string by_hand;
  state.counters["bytes"] = static_cast<double>(daemon::metrics_json(snapshot).size());
  compare(state, static_cast<double>(processes),
          {{"ours", [&] { benchmark::DoNotOptimize(daemon::metrics_json(snapshot)); }},
           {"to_chars", [&] {
              by_hand.clear();
              for (const auto process : snapshot) {
                append_sample(by_hand, process.name(), process.metrics());
              }
              benchmark::DoNotOptimize(by_hand.data());
            }}});
}
BENCHMARK(json)->Arg(10)->Arg(1'000)->Arg(10'000)->UseManualTime();

}  // namespace
}  // namespace provisr::bench
