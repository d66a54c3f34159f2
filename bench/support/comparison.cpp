#include "bench/support/comparison.hpp"

#include "bench/support/allocations.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <numeric>

namespace provisr::bench {
namespace {

struct Measured {
  std::vector<double> nanoseconds;  ///< one per round
  std::uint64_t allocations = 0;
};

void run_once(const Way& way, Measured& measured) {
  way.before();
  const std::uint64_t allocations = allocations_of_this_thread();
  const auto begun = std::chrono::steady_clock::now();
  way.work();
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begun;
  measured.allocations += allocations_of_this_thread() - allocations;
  measured.nanoseconds.push_back(elapsed.count());
  way.after();
}

void report(benchmark::State& state, double units, const std::vector<Way>& ways,
            const std::vector<Measured>& measured) {
  const std::vector<double>& ours = measured.front().nanoseconds;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::vector<double>& theirs = measured[i].nanoseconds;
    const auto all_units = units * static_cast<double>(theirs.size());
    state.counters[ways[i].name + "_ns"] = median(theirs) / units;
    state.counters[ways[i].name + "_allocs"] =
        static_cast<double>(measured[i].allocations) / all_units;
    if (i == 0) continue;
    std::vector<double> ratios;
    std::transform(theirs.begin(), theirs.end(), ours.begin(), std::back_inserter(ratios),
                   [](double their_time, double our_time) { return their_time / our_time; });
    state.counters[ways[i].name + "_ratio"] = median(std::move(ratios));
  }
}

}  // namespace

void compare(benchmark::State& state, double units, const std::vector<Way>& ways) {
  std::vector<Measured> measured(ways.size());
  for (Measured& one : measured) one.nanoseconds.reserve(1 << 16);
  std::vector<std::size_t> order(ways.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    for (const std::size_t i : order) run_once(ways[i], measured[i]);
    std::reverse(order.begin(), order.end());
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  report(state, units, ways, measured);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::int64_t rounds(std::int64_t full) {
  if (std::getenv("PROVISR_BENCH_QUICK") == nullptr) return full;
  return std::max<std::int64_t>(full / 5, 3);
}

}  // namespace provisr::bench
