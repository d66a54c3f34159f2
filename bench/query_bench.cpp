// The cost per sample of a question to a history: the average of every figure in a thousand steps.
//
//   ours   the daemon's answer to /api/metrics/history?step=, made piece by piece
//   p95    the same with agg=p95
//   bare   one pass over an array of the samples that adds the known figures up, without
//          histories, ranges, the order of time, steps or text: the lower bound
//   whole  the obvious way: copies all samples, sorts them into steps, then averages each figure
//
// `held_bytes` is the memory that an answer holds at most while it is made, its text included.

#include "bench/support/comparison.hpp"
#include "daemon/api/history.hpp"

#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace provisr::bench {
namespace {

constexpr std::size_t steps_in_answer = 1'000;
constexpr std::chrono::sys_days first_day{std::chrono::year(2026) / 1 / 1};

using Sums = std::array<double, figure_count<figures>>;

[[nodiscard]] ProcessMetrics sample_at(std::size_t second) {
  ProcessMetrics sample;
  sample.pid = 1'234;
  sample.timestamp = Timestamp(first_day) + std::chrono::seconds(second);
  sample.cpu_percent = static_cast<double>(second % 997) / 10;
  sample.memory_rss_bytes = 100'000'000 + second % 4'099 * 4'096;
  sample.memory_vms_bytes = 900'000'000;
  sample.memory_swap_bytes = 0;
  sample.num_threads = static_cast<std::uint32_t>(second % 16 + 1);
  sample.num_fds = static_cast<std::uint32_t>(second % 64 + 3);
  return sample;
}

/// Returns a history with a sample for each second.
[[nodiscard]] std::shared_ptr<const History> history_of(std::size_t samples) {
  auto history = std::make_shared<History>(samples);
  for (std::size_t second = 0; second < samples; ++second) history->push(sample_at(second));
  return history;
}

[[nodiscard]] std::chrono::seconds step_for(const History& history) {
  return std::chrono::seconds(history.capacity() / steps_in_answer);
}

[[nodiscard]] std::size_t heap_bytes() {
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

/// Makes the answer as a client takes it. Calls `after_piece` with the size of each piece.
template <class AfterPiece>
void drain(const std::shared_ptr<const History>& history, Aggregate aggregate,
           AfterPiece after_piece) {
  const daemon::HistoryQuery query{.step = step_for(*history), .aggregate = aggregate};
  const daemon::HttpAnswer answer =
      daemon::history_answer("app", HistoryView(history, history->pushed()), query);
  if (!answer.source) return after_piece(answer.body->size());
  std::string piece;
  for (auto result = daemon::PullResult::piece; result != daemon::PullResult::end;) {
    piece.clear();
    result = answer.source(piece);
    after_piece(piece.size());
  }
}

[[nodiscard]] double bytes_held(const std::shared_ptr<const History>& history) {
  const std::size_t before = heap_bytes();
  std::size_t most = before;
  drain(history, Aggregate::average, [&](std::size_t) { most = std::max(most, heap_bytes()); });
  return static_cast<double>(most - before);
}

void add(const ProcessMetrics& sample, Sums& sums) {
  std::size_t index = 0;
  for_each_figure<figures>([&](auto figure) {
    const auto value = figure.of(SampleView{sample});
    if (value) sums[index] += static_cast<double>(*value);
    ++index;
  });
}

void add_up(const std::vector<ProcessMetrics>& samples) {
  Sums sums{};
  for (const ProcessMetrics& sample : samples) add(sample, sums);
  benchmark::DoNotOptimize(sums);
}

void sort_into_steps(const History& history) {
  std::map<Timestamp, std::vector<ProcessMetrics>> steps;
  for (const ProcessMetrics& sample : history.read()) {
    steps[step_of(sample.timestamp, step_for(history))].push_back(sample);
  }
  for (const auto& [begin, samples] : steps) {
    Sums averages{};
    for (const ProcessMetrics& sample : samples) add(sample, averages);
    for (double& average : averages) average /= static_cast<double>(samples.size());
    benchmark::DoNotOptimize(averages);
  }
}

void query(benchmark::State& state) {
  const auto samples = static_cast<std::size_t>(state.range(0));
  const auto history = history_of(samples);
  const std::vector<ProcessMetrics> array = history->read();
  const auto ask = [&](Aggregate aggregate) {
    drain(history, aggregate, [](std::size_t size) { benchmark::DoNotOptimize(size); });
  };
  state.counters["held_bytes"] = bytes_held(history);
  compare(state, static_cast<double>(samples),
          {{"ours", [&] { ask(Aggregate::average); }},
           {"p95", [&] { ask(Aggregate::p95); }},
           {"bare", [&] { add_up(array); }},
           {"whole", [&] { sort_into_steps(*history); }}});
}
BENCHMARK(query)->Arg(100'000)->Arg(1'000'000)->UseManualTime()->Iterations(rounds(15));

}  // namespace
}  // namespace provisr::bench
