#pragma once

#include <provisr/aggregator.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

/// Queries on a history: time ranges and aggregation in steps of time.
///
/// The average of the last minute is that of the samples of BasicRegistry::history() whose
/// timestamp `TimeRange{now - 1min, now}` contains: `summarize(samples,
/// &ProcessMetrics::cpu_percent).average` (aggregator.hpp), each sample with the same weight.
/// Timestamps are those of the wall clock, which may jump.
namespace provisr {

/// A half-open range of time: `since` is included, `until` is not.
struct TimeRange {
  Timestamp since = Timestamp::min();
  Timestamp until = Timestamp::max();

  [[nodiscard]] constexpr bool contains(Timestamp time) const noexcept {
    return since <= time && time < until;
  }
};

/// How the known values of a figure within a step become one value.
enum class Aggregate : std::uint8_t { average, minimum, maximum, last, p95 };

/// Returns the start of the step that contains `time`, or Timestamp::min() if it is earlier. Steps
/// are aligned to the Unix epoch (1970). `step` is positive.
[[nodiscard]] constexpr Timestamp step_of(Timestamp time, std::chrono::nanoseconds step) noexcept {
  const std::chrono::nanoseconds beyond_multiple = time.time_since_epoch() % step;
  const bool is_before_multiple = beyond_multiple.count() < 0;
  const auto into_step = is_before_multiple ? beyond_multiple + step : beyond_multiple;
  return time < Timestamp::min() + into_step ? Timestamp::min() : time - into_step;
}

/// The values of one figure within a step.
class StepValues {
 public:
  void add(double value, Aggregate aggregate) {
    ++count_;
    sum_ += value;
    min_ = count_ == 1 ? value : std::min(min_, value);
    max_ = count_ == 1 ? value : std::max(max_, value);
    last_ = value;
    if (aggregate == Aggregate::p95) values_.push_back(value);
  }

  /// Returns the aggregate; unknown if there was no value. May reorder the stored values.
  [[nodiscard]] Figure<double> reduce(Aggregate aggregate) {
    if (count_ == 0) return {};
    switch (aggregate) {
      case Aggregate::average:
        return sum_ / static_cast<double>(count_);
      case Aggregate::minimum:
        return min_;
      case Aggregate::maximum:
        return max_;
      case Aggregate::last:
        return last_;
      case Aggregate::p95:
        break;
    }
    std::sort(values_.begin(), values_.end());
    return nearest_rank(values_, 0.95);
  }

 private:
  std::size_t count_ = 0;
  double sum_ = 0;
  double min_ = 0;
  double max_ = 0;
  double last_ = 0;
  std::vector<double> values_;  ///< kept for Aggregate::p95 only
};

/// The aggregated samples of one step.
struct StepRow {
  Timestamp begin{};        ///< start of the step
  std::size_t samples = 0;  ///< at least 1
  /// The aggregates in the order of `figures`, such as `values[figure_place<figures>("num_fds")]`;
  /// unknown if no sample of the step has the figure.
  std::array<Figure<double>, figure_count<figures>> values{};
};

/// Aggregates the samples of a history, added one at a time, into one row per step. Steps without
/// samples have no row. Samples must be added in the order of their timestamps. If the wall clock
/// was set back and samples are added in the order they were taken, a step may yield several rows,
/// one for each run of consecutive samples.
///
/// Memory: constant, except for Aggregate::p95, which stores the samples of one step.
class Stepper {
 public:
  /// `step` is positive.
  Stepper(std::chrono::nanoseconds step, Aggregate aggregate)
      : step_(step), aggregate_(aggregate) {}

  /// Adds a sample. If it begins another step, returns the row of the previous step.
  [[nodiscard]] std::optional<StepRow> add(const ProcessMetrics& sample) {
    return add(SampleView{sample});
  }
  [[nodiscard]] std::optional<StepRow> add(const SampleView& sample) {
    const Timestamp begin = step_of(sample.metrics.timestamp, step_);
    std::optional<StepRow> complete;
    if (samples_ > 0 && begin != begin_) complete = finish();
    begin_ = begin;
    ++samples_;
    std::size_t index = 0;
    for_each_figure<figures>([&](auto figure) {
      const auto value = figure.of(sample);
      if (value) values_[index].add(static_cast<double>(*value), aggregate_);
      ++index;
    });
    return complete;
  }

  /// Returns the row of the last step; empty if no sample was added since the previous row.
  [[nodiscard]] std::optional<StepRow> finish() {
    if (samples_ == 0) return std::nullopt;
    StepRow row{.begin = begin_, .samples = samples_};
    for (std::size_t i = 0; i < values_.size(); ++i) row.values[i] = values_[i].reduce(aggregate_);
    values_ = {};
    samples_ = 0;
    return row;
  }

 private:
  std::chrono::nanoseconds step_;
  Aggregate aggregate_;
  Timestamp begin_{};
  std::size_t samples_ = 0;
  std::array<StepValues, figure_count<figures>> values_;
};

}  // namespace provisr
