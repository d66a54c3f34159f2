// The cost of a push into a full history. It must not grow with the capacity.
//
// Each way makes a history of `capacity` and pushes 2 x `capacity` samples. The ring is compared
// with a bare array with a wrapping index, which is the lower bound, and with a plain vector that
// moves all elements at each push to keep its order.

#include "bench/support/comparison.hpp"

#include <provisr/history.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/ring_buffer.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace provisr::bench {
namespace {

[[nodiscard]] ProcessMetrics sample_number(std::size_t i) {
  ProcessMetrics sample;
  sample.pid = static_cast<ProcessId>(i);
  sample.cpu_time_ns = i;
  return sample;
}

template <class Push>
void push_all(std::size_t count, Push push) {
  for (std::size_t i = 0; i < count; ++i) push(sample_number(i));
}

void ring(std::size_t capacity) {
  RingBuffer<ProcessMetrics> history(capacity);
  push_all(2 * capacity, [&](const ProcessMetrics& sample) {
    history.push(sample);
    benchmark::ClobberMemory();
  });
  ProcessMetrics newest = history.newest();
  benchmark::DoNotOptimize(newest);
}

/// Like ring(), but other threads can read the history while it is written.
void concurrent_ring(std::size_t capacity) {
  History history(capacity);
  push_all(2 * capacity, [&](const ProcessMetrics& sample) {
    history.push(sample);
    benchmark::ClobberMemory();
  });
  benchmark::DoNotOptimize(history.pushed());
}

void bare_array(std::size_t capacity) {
  const auto slots = std::make_unique<ProcessMetrics[]>(capacity);
  benchmark::DoNotOptimize(slots.get());
  std::size_t next = 0;
  push_all(2 * capacity, [&](const ProcessMetrics& sample) {
    slots[next] = sample;
    if (++next == capacity) next = 0;
    benchmark::ClobberMemory();
  });
}

void shifting_vector(std::size_t capacity) {
  std::vector<ProcessMetrics> history;
  push_all(2 * capacity, [&](const ProcessMetrics& sample) {
    if (history.size() == capacity) history.erase(history.begin());
    history.push_back(sample);
    benchmark::ClobberMemory();
  });
  benchmark::DoNotOptimize(history.data());
}

void push(benchmark::State& state) {
  const auto capacity = static_cast<std::size_t>(state.range(0));
  compare(state, static_cast<double>(2 * capacity),
          {{"ring", [=] { ring(capacity); }},
           {"concurrent", [=] { concurrent_ring(capacity); }},
           {"bare", [=] { bare_array(capacity); }},
           {"shift", [=] { shifting_vector(capacity); }}});
}
BENCHMARK(push)->Arg(100)->Arg(1'000)->UseManualTime();
BENCHMARK(push)->Arg(10'000)->UseManualTime()->Iterations(rounds(15));

}  // namespace
}  // namespace provisr::bench
