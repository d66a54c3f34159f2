// The cost per line of the Prometheus exposition, for snapshots of 10 to 10,000 processes.
//
//   ours            write_prometheus into a reused string
//   openmetrics     the same families in the OpenMetrics format
//   to_chars        the same text by hand-written appends and std::to_chars: the lower bound
//   prometheus_cpp  the same samples by prometheus-cpp's TextSerializer, from prepared families, if
//                   it is installed
//
// In a turn, each way writes about 10,000 lines, or one exposition if that is more.

#include "bench/support/comparison.hpp"
#include "bench/support/fake_sampler.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#ifdef PROVISR_BENCH_HAS_PROMETHEUS_CPP
#include "bench/support/prometheus_cpp_text.hpp"
#endif

namespace provisr::bench {
namespace {

/// Appends one line. `format` are further arguments of std::to_chars.
template <class Number, class... Format>
void append_line(std::string& out, std::string_view start, std::string_view name, Number number,
                 Format... format) {
  char digits[32];
  out += start;
  out += name;
  out += "\"} ";
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number, format...).ptr);
  out += '\n';
}

/// Appends a family. `append` appends the lines of one process.
template <class Append>
void append_family(const Snapshot& snapshot, std::string& out, std::string_view name,
                   std::string_view type, std::string_view help, Append append) {
  const std::string start = std::string(name) + "{name=\"";
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
  for (const auto process : snapshot) append(process, start);
}

void write_by_hand(const Snapshot& snapshot, std::string& out) {
  const auto family = [&](std::string_view name, std::string_view help, auto value) {
    append_family(snapshot, out, name, "gauge", help, [&](const auto& process, const auto& start) {
      append_line(out, start, process.name(), value(process));
    });
  };
  family("provisr_process_cpu_percent", "CPU usage percentage for managed processes.",
         [](const auto& process) { return *process.metrics().cpu_percent; });
  family("provisr_process_memory_mb", "Memory usage in MB for managed processes.",
         [](const auto& process) { return *process.metrics().memory_mb(); });
  family("provisr_process_num_threads", "Number of threads for managed processes.",
         [](const auto& process) { return *process.metrics().num_threads; });
  family("provisr_process_num_fds", "Number of file descriptors for managed processes.",
         [](const auto& process) { return *process.metrics().num_fds; });
  out +=
      "# HELP provisr_process_num_processes Number of processes in the tree.\n"
      "# TYPE provisr_process_num_processes gauge\n";
  family("provisr_process_resident_memory_bytes", "Resident memory.",
         [](const auto& process) { return *process.metrics().memory_rss_bytes; });
  family("provisr_process_virtual_memory_bytes", "Virtual memory size.",
         [](const auto& process) { return *process.metrics().memory_vms_bytes; });
  family("provisr_process_swap_bytes", "Memory swapped out.",
         [](const auto& process) { return *process.metrics().memory_swap_bytes; });
  append_family(snapshot, out, "provisr_process_cpu_seconds_total", "counter",
                "CPU time used since the process started.",
                [&](const auto& process, const auto& start) {
                  append_line(out, start, process.name(),
                              static_cast<double>(*process.metrics().cpu_time_ns) / 1e9,
                              std::chars_format::fixed);
                });
  family("provisr_process_up", "Whether the managed process runs (1) or not (0).",
         [](const auto& process) { return process.running() ? 1 : 0; });
  append_family(snapshot, out, "provisr_process_info", "gauge",
                "1, with the base of the managed process.",
                [&](const auto& process, const auto& start) {
                  out.append(start).append(process.name()).append("\",base=\"");
                  out.append(base_of(process.name())).append("\"} 1\n");
                });
}

void write_openmetrics(const Snapshot& snapshot, std::string& out) {
  PrometheusWriter writer(out, ExpositionFormat::openmetrics);
  write_process_families(writer, snapshot);
  writer.end();
}

[[nodiscard]] Way repeated(const char* name, std::size_t passes, std::function<void()> write) {
  return {.name = name, .work = [passes, write = std::move(write)] {
            for (std::size_t pass = 0; pass < passes; ++pass) write();
          }};
}

template <class Write>
[[nodiscard]] std::function<void()> writing(const Snapshot& snapshot, std::string& text,
                                            Write write) {
  return [&snapshot, &text, write] {
    text.clear();
    write(snapshot, text);
    benchmark::DoNotOptimize(text.data());
    benchmark::ClobberMemory();
  };
}

void exposition(benchmark::State& state) {
  const auto processes = static_cast<std::size_t>(state.range(0));
  BasicRegistry<FakeSampler> registry;
  track_fakes(registry, processes);
  registry.tick();
  const Snapshot snapshot = registry.snapshot();
  std::string text;
  std::string by_hand;
  std::string openmetrics;
  write_prometheus(snapshot, text);
  write_by_hand(snapshot, by_hand);
  if (text != by_hand) return state.SkipWithError("the two texts differ");
  const auto lines = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  state.counters["bytes"] = static_cast<double>(text.size());
  const std::size_t passes = std::max<std::size_t>(1, 1'000 / processes);
  std::vector<Way> ways{
      repeated("ours", passes, writing(snapshot, text, write_prometheus)),
      repeated("to_chars", passes, writing(snapshot, by_hand, write_by_hand)),
      repeated("openmetrics", passes, writing(snapshot, openmetrics, write_openmetrics))};
#ifdef PROVISR_BENCH_HAS_PROMETHEUS_CPP
  const PrometheusCppText theirs(snapshot);
  ways.push_back(
      repeated("prometheus_cpp", passes, [&] { benchmark::DoNotOptimize(theirs.serialize()); }));
#else
  state.SetLabel("without prometheus-cpp, which is not installed");
#endif
  compare(state, lines * static_cast<double>(passes), ways);
}
BENCHMARK(exposition)->Arg(10)->Arg(1'000)->UseManualTime();
BENCHMARK(exposition)->Arg(10'000)->UseManualTime()->Iterations(rounds(30));

}  // namespace
}  // namespace provisr::bench
