#pragma once

#include <provisr/cpu_rate.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace provisr {

/// What the running instances of a base use together. A sum counts the figures that are known and
/// is unknown if there are running instances and none of them has the figure; an average is over
/// the figures that are known, and unknown if there are none.
struct GroupTotals {
  std::size_t process_count = 0;      ///< running instances
  Figure<double> total_cpu_percent;   ///< percent of one core, rounded to 0.001 as the average
  Figure<double> total_memory_bytes;  ///< resident
  Figure<double> avg_cpu_percent;
  Figure<double> avg_memory_bytes;
};

/// A sum of those figures that are known.
class KnownSum {
 public:
  template <class T>
  void add(Figure<T> figure) noexcept {
    if (!figure) return;
    sum_ += static_cast<double>(*figure);
    ++count_;
  }

  /// 0 if `expected` is 0; unknown if figures were expected and none was known.
  [[nodiscard]] Figure<double> total(std::size_t expected) const noexcept {
    if (count_ == 0 && expected > 0) return {};
    return sum_;
  }
  [[nodiscard]] Figure<double> average() const noexcept {
    if (count_ == 0) return {};
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

/// The totals of `base` (its own name and `base-<digits>`); empty if it has no instances.
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

/// The nearest-rank percentile of values in rising order: one of them. `share` is from 0 to 1;
/// there is at least one value.
[[nodiscard]] inline double nearest_rank(std::span<const double> sorted, double share) noexcept {
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

/// How one figure was distributed over a history. Percentiles are nearest-rank: each is a value
/// that did occur.
struct Distribution {
  std::size_t count = 0;  ///< samples in which the figure was known
  Figure<double> min;
  Figure<double> max;
  Figure<double> average;
  Figure<double> p50;
  Figure<double> p95;
  Figure<double> p99;
};

/// The distribution of the known ones among `count` figures.
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
  std::sort(known.begin(), known.end());
  return {.count = known.size(),
          .min = known.front(),
          .max = known.back(),
          .average = sum.average(),
          .p50 = nearest_rank(known, 0.50),
          .p95 = nearest_rank(known, 0.95),
          .p99 = nearest_rank(known, 0.99)};
}

/// The distribution of one figure, chosen by a projection such as `&ProcessMetrics::cpu_percent`
/// or `[](const ProcessMetrics& m) { return m.memory_mb(); }`.
template <class Projection>
[[nodiscard]] Distribution summarize(std::span<const ProcessMetrics> history,
                                     Projection projection) {
  return distribution_of(history.size(),
                         [&](std::size_t i) { return std::invoke(projection, history[i]); });
}

}  // namespace provisr
