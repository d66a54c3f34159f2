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

/// Questions to a history: what happened from when to when, and in steps of time.
namespace provisr {

/// From `since` on, before `until`.
struct TimeRange {
  Timestamp since = Timestamp::min();
  Timestamp until = Timestamp::max();

  [[nodiscard]] constexpr bool contains(Timestamp time) const noexcept {
    return since <= time && time < until;
  }
};

/// What becomes of the known values of a figure within a step.
enum class Aggregate : std::uint8_t { average, minimum, maximum, last, p95 };

/// The beginning of the step that holds `time`: steps are aligned to 1970. `step` is positive.
[[nodiscard]] constexpr Timestamp step_of(Timestamp time, std::chrono::nanoseconds step) noexcept {
  const std::chrono::nanoseconds since_epoch = time.time_since_epoch();
  const std::chrono::nanoseconds into_step = since_epoch % step;
  return Timestamp(since_epoch - (into_step.count() < 0 ? into_step + step : into_step));
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

  /// Unknown if there was no value. May change the order of the values.
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
  std::vector<double> values_;  ///< for a percentile
};

/// One step that has samples.
struct StepRow {
  Timestamp begin{};        ///< of the step
  std::size_t samples = 0;  ///< at least 1
  /// In the order of `figures`; unknown if no sample of the step has the figure.
  std::array<Figure<double>, figure_count<figures>> values{};
};

/// Reduces the samples of a history, one after the other, to a row for each step. Steps without
/// samples have no row. Samples are to come by their timestamps: if the wall clock was set back and
/// they come as they were taken, a step can come more than once, each time with the samples that
/// follow each other.
///
/// Memory: constant; for Aggregate::p95 that of the samples of one step.
class Stepper {
 public:
  /// `step` is positive.
  Stepper(std::chrono::nanoseconds step, Aggregate aggregate)
      : step_(step), aggregate_(aggregate) {}

  /// Returns the row of the step before if `sample` begins another.
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

  /// The row of the last step; empty if there was no sample since the row before.
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
