#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace provisr::bench {

/// One way to do the work that a benchmark compares.
struct Way {
  std::string name;
  std::function<void()> work;
  std::function<void()> before = [] {};  ///< not timed
  std::function<void()> after = [] {};   ///< not timed
};

/// Compares several ways to do the same work; the first one is ours. Each iteration is a round that
/// runs all ways, in alternating order, so that disturbances of the machine affect all of them.
///
/// `work` does `units` units of work. The results are counters:
///   NAME_ns      median time per unit
///   NAME_allocs  allocations per unit
///   NAME_ratio   median over the rounds of NAME's time divided by ours in the same round
/// Ignore Google Benchmark's time column: it is the time of a whole round.
void compare(benchmark::State& state, double units, const std::vector<Way>& ways);

/// Returns the median. `values` must not be empty.
[[nodiscard]] double median(std::vector<double> values);

/// Returns how many rounds a benchmark with a fixed number of rounds makes: `full`, or a fifth of
/// it but at least three if PROVISR_BENCH_QUICK is set in the environment.
[[nodiscard]] std::int64_t rounds(std::int64_t full);

}  // namespace provisr::bench
