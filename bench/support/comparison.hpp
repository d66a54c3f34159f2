#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace provisr::bench {

/// One way of doing the work that a benchmark is about.
struct Way {
  std::string name;
  std::function<void()> work;
  std::function<void()> before = [] {};  ///< not timed
  std::function<void()> after = [] {};   ///< not timed
};

/// Does the same work in several ways, in turn: every iteration is one round of all of them, in
/// alternating order, so that whatever disturbs the machine disturbs them all. The first is ours.
///
/// Reports as counters, a `unit` being what `work` does `units` of:
///   NAME_ns      median time a unit
///   NAME_allocs  allocations a unit
///   NAME_ratio   median over the rounds of NAME's time divided by ours in the same round
/// The time column of Google Benchmark is that of a whole round and of no interest.
void compare(benchmark::State& state, double units, const std::vector<Way>& ways);

/// `values` is not empty.
[[nodiscard]] double median(std::vector<double> values);

/// How many rounds a benchmark with a fixed number of them makes: a fifth, at least five, if
/// the environment has PROVISR_BENCH_QUICK.
[[nodiscard]] std::int64_t rounds(std::int64_t full);

}  // namespace provisr::bench
