// What a line of the Prometheus exposition costs, over snapshots of 10 to 10,000 processes.
//
//   ours            write_prometheus into a string that is kept
//   to_chars        the same text by appends and std::to_chars, written out by hand: the limit
//   prometheus_cpp  the same samples by prometheus-cpp's TextSerializer, from families that are
//                   ready made; if it is installed

#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>
#ifdef PROVISR_BENCH_HAS_PROMETHEUS_CPP
#include "bench/support/prometheus_cpp_text.hpp"
#endif

namespace provisr::bench {
namespace {

template <class Number>
void append_line(std::string& out, std::string_view start, std::string_view name, Number number) {
  char digits[32];
  out += start;
  out += name;
  out += "\"} ";
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  out += '\n';
}

void write_by_hand(const Snapshot& snapshot, std::string& out) {
  out +=
      "# HELP provisr_process_cpu_percent CPU usage percentage for managed processes.\n"
      "# TYPE provisr_process_cpu_percent gauge\n";
  for (const auto process : snapshot) {
    append_line(out, "provisr_process_cpu_percent{name=\"", process.name(),
                *process.metrics().cpu_percent);
  }
  out +=
      "# HELP provisr_process_memory_mb Memory usage in MB for managed processes.\n"
      "# TYPE provisr_process_memory_mb gauge\n";
  for (const auto process : snapshot) {
    append_line(out, "provisr_process_memory_mb{name=\"", process.name(),
                *process.metrics().memory_mb());
  }
  out +=
      "# HELP provisr_process_num_threads Number of threads for managed processes.\n"
      "# TYPE provisr_process_num_threads gauge\n";
  for (const auto process : snapshot) {
    append_line(out, "provisr_process_num_threads{name=\"", process.name(),
                *process.metrics().num_threads);
  }
  out +=
      "# HELP provisr_process_num_fds Number of file descriptors for managed processes.\n"
      "# TYPE provisr_process_num_fds gauge\n";
  for (const auto process : snapshot) {
    append_line(out, "provisr_process_num_fds{name=\"", process.name(), *process.metrics().num_fds);
  }
  out +=
      "# HELP provisr_process_up Whether the managed process runs (1) or not (0).\n"
      "# TYPE provisr_process_up gauge\n";
  for (const auto process : snapshot) {
    append_line(out, "provisr_process_up{name=\"", process.name(), process.running() ? 1 : 0);
  }
}

template <class Write>
[[nodiscard]] Way writing_way(const char* name, const Snapshot& snapshot, std::string& text,
                              Write write) {
  return {.name = name, .work = [&snapshot, &text, write] {
            text.clear();
            write(snapshot, text);
            benchmark::DoNotOptimize(text.data());
            benchmark::ClobberMemory();
          }};
}

void exposition(benchmark::State& state) {
  BasicRegistry<FakeSampler> registry;
  track_fakes(registry, static_cast<std::size_t>(state.range(0)));
  registry.tick();
  const Snapshot snapshot = registry.snapshot();
  std::string text;
  std::string by_hand;
  write_prometheus(snapshot, text);
  write_by_hand(snapshot, by_hand);
  if (text != by_hand) return state.SkipWithError("the two texts differ");
  const auto lines = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  state.counters["bytes"] = static_cast<double>(text.size());
  std::vector<Way> ways{writing_way("ours", snapshot, text, write_prometheus),
                        writing_way("to_chars", snapshot, by_hand, write_by_hand)};
#ifdef PROVISR_BENCH_HAS_PROMETHEUS_CPP
  const PrometheusCppText theirs(snapshot);
  ways.push_back({"prometheus_cpp", [&] { benchmark::DoNotOptimize(theirs.serialize()); }});
#else
  state.SetLabel("without prometheus-cpp, which is not installed");
#endif
  compare(state, lines, ways);
}
BENCHMARK(exposition)->Arg(10)->Arg(1'000)->UseManualTime();
BENCHMARK(exposition)->Arg(10'000)->UseManualTime()->Iterations(rounds(30));

}  // namespace
}  // namespace provisr::bench
