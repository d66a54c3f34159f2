#pragma once

#include <provisr/cpu_rate.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace provisr {

/// The combined usage of the running instances of a base. A sum covers the known figures; it is
/// unknown if instances are running and none of them has the figure. An average covers the known
/// figures; it is unknown if there are none.
struct GroupTotals {
  std::size_t process_count = 0;      ///< running instances
  Figure<double> total_cpu_percent;   ///< percent of one core, rounded to 0.001 like the average
  Figure<double> total_memory_bytes;  ///< resident
  Figure<double> avg_cpu_percent;
  Figure<double> avg_memory_bytes;
};

/// A sum of the figures that are known.
class KnownSum {
 public:
  template <class T>
  void add(Figure<T> figure) noexcept {
    if (!figure) return;
    const auto value = static_cast<double>(*figure);
    sum_ += value;
    min_ = count_ == 0 ? value : std::min(min_, value);
    max_ = count_ == 0 ? value : std::max(max_, value);
    ++count_;
  }

  /// Returns the sum: 0 if `expected` is 0; unknown if figures were expected and none was known.
  [[nodiscard]] Figure<double> total(std::size_t expected) const noexcept {
    if (count_ == 0 && expected > 0) return {};
    return sum_;
  }
  /// Returns the average, which is neither less than the least figure nor more than the largest.
  [[nodiscard]] Figure<double> average() const noexcept {
    if (count_ == 0) return {};
    return std::clamp(sum_ / static_cast<double>(count_), min_, max_);  // the sum is rounded
  }

 private:
  double sum_ = 0;
  double min_ = 0;
  double max_ = 0;
  std::size_t count_ = 0;
};

/// Returns the totals of `base` (the name itself and `base-<digits>`); empty if there are no such
/// names.
[[nodiscard]] inline std::optional<GroupTotals> group_totals(const Snapshot& snapshot,
                                                             std::string_view base) noexcept {
  bool is_known = false;
  GroupTotals totals;
  KnownSum cpu;
  KnownSum memory;
  snapshot.for_each_instance(base, [&](const Snapshot::Process& process) {
    is_known = true;
    if (!process.running()) return;
    ++totals.process_count;
    cpu.add(process.metrics().cpu_percent);
    memory.add(process.metrics().memory_rss_bytes);
  });
  if (!is_known) return std::nullopt;
  const auto rounded = [](Figure<double> percent) {
    return percent ? Figure<double>(round_percent(*percent)) : percent;
  };
  totals.total_cpu_percent = rounded(cpu.total(totals.process_count));
  totals.total_memory_bytes = memory.total(totals.process_count);
  totals.avg_cpu_percent = rounded(cpu.average());
  totals.avg_memory_bytes = memory.average();
  return totals;
}

/// Returns the index of the nearest-rank percentile among `count` values in ascending order.
/// `share` is from 0 to 1, `count` at least 1.
[[nodiscard]] inline std::size_t nearest_rank_index(std::size_t count, double share) noexcept {
  // 0.07 * 100 is a little more than 7
  constexpr double without_rounding = 1 - 2 * std::numeric_limits<double>::epsilon();
  const auto rank = std::ceil(share * static_cast<double>(count) * without_rounding);
  return static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
}

/// Returns the nearest-rank percentile of values in ascending order, which is one of them. `share`
/// is from 0 to 1. Requires at least one value.
[[nodiscard]] inline double nearest_rank(std::span<const double> sorted, double share) noexcept {
  return sorted[nearest_rank_index(sorted.size(), share)];
}

/// The distribution of one figure over a history. Percentiles are nearest-rank: each is a value
/// that occurred.
struct Distribution {
  std::size_t count = 0;  ///< samples in which the figure was known
  Figure<double> min;
  Figure<double> max;
  Figure<double> average;
  Figure<double> p50;
  Figure<double> p95;
  Figure<double> p99;
};

/// Returns the distribution of the known figures among `figure_at(0)` to `figure_at(count - 1)`.
template <class FigureAtIndex>
[[nodiscard]] Distribution distribution_of(std::size_t count, FigureAtIndex figure_at) {
  std::vector<double> known;
  known.reserve(count);
  KnownSum sum;
  for (std::size_t i = 0; i < count; ++i) {
    const auto figure = figure_at(i);
    sum.add(figure);
    if (figure) known.push_back(static_cast<double>(*figure));
  }
  if (known.empty()) return {};
  const auto [min, max] = std::minmax_element(known.begin(), known.end());
  Distribution result;
  result.count = known.size();
  result.min = *min;
  result.max = *max;
  result.average = sum.average();
  auto begin = known.begin();
  const auto next_percentile = [&](double share) {
    const auto index = static_cast<std::ptrdiff_t>(nearest_rank_index(known.size(), share));
    const auto place = known.begin() + index;
    std::nth_element(begin, place, known.end());
    begin = place;  // none of the greater percentiles is before it
    return *place;
  };
  result.p50 = next_percentile(0.50);
  result.p95 = next_percentile(0.95);
  result.p99 = next_percentile(0.99);
  return result;
}

/// Returns the distribution of one figure, chosen by a projection such as
/// `&ProcessMetrics::cpu_percent` or `[](const ProcessMetrics& m) { return m.memory_mb(); }`.
template <class Projection>
[[nodiscard]] Distribution summarize(std::span<const ProcessMetrics> history,
                                     Projection projection) {
  return distribution_of(history.size(),
                         [&](std::size_t i) { return std::invoke(projection, history[i]); });
}

}  // namespace provisr
