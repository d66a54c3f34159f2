#pragma once

#include <provisr/aggregator.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <array>
#include <bitset>
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

/// Returns how many of the largest of up to `most` values must be kept to know their 95th
/// percentile: about a twentieth, at least 1; all if `most` is SIZE_MAX, which means unknown.
[[nodiscard]] inline std::size_t kept_for_p95(std::size_t most) noexcept {
  if (most == SIZE_MAX) return SIZE_MAX;
  return most == 0 ? 1 : most - nearest_rank_index(most, 0.95);
}

/// The largest of many values.
class LargestValues {
 public:
  /// Adds a value. Keeps up to `room` values; then drops those that are not among the `kept`
  /// largest. `room` is greater than `kept` unless both are SIZE_MAX.
  void add(double value, std::size_t kept, std::size_t room) {
    if (is_pruned_ && value < least_) return;
    if (values_.size() == values_.capacity()) {
      values_.reserve(std::min(room, std::max<std::size_t>(values_.capacity() * 2, 16)));
    }
    values_.push_back(value);
    if (values_.size() == room) prune(kept);
  }

  /// Returns the value that has `rank - 1` larger or equal ones. `rank` is from 1 to the number of
  /// kept values. May reorder them.
  [[nodiscard]] double nth_largest(std::size_t rank) {
    const auto place = values_.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
    std::nth_element(values_.begin(), place, values_.end(), std::greater<>());
    return *place;
  }

  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

  /// Drops all values but not their memory.
  void clear() noexcept {
    values_.clear();
    is_pruned_ = false;
  }

 private:
  void prune(std::size_t kept) {
    least_ = nth_largest(kept);
    values_.resize(kept);
    is_pruned_ = true;
  }

  std::vector<double> values_;
  double least_ = 0;  ///< of the kept values when they were pruned last
  bool is_pruned_ = false;
};

/// The values of one figure within a step.
class StepValues {
 public:
  /// `kept` and `room` are used for Aggregate::p95 only: kept_for_p95() of the number of values
  /// that will be added at most, and how many are stored at most, which is more.
  void add(double value, Aggregate aggregate, std::size_t kept = SIZE_MAX,
           std::size_t room = SIZE_MAX) {
    ++count_;
    sum_ += value;
    min_ = count_ == 1 ? value : std::min(min_, value);
    max_ = count_ == 1 ? value : std::max(max_, value);
    last_ = value;
    if (aggregate == Aggregate::p95) largest_.add(value, kept, room);
  }

  /// Returns the aggregate; unknown if there was no value. May reorder the stored values.
  [[nodiscard]] Figure<double> reduce(Aggregate aggregate) {
    if (count_ == 0) return {};
    switch (aggregate) {
      case Aggregate::average:
        return std::clamp(sum_ / static_cast<double>(count_), min_, max_);  // the sum is rounded
      case Aggregate::minimum:
        return min_;
      case Aggregate::maximum:
        return max_;
      case Aggregate::last:
        return last_;
      case Aggregate::p95:
        break;
    }
    return largest_.nth_largest(std::min(kept_for_p95(count_), largest_.size()));
  }

  /// Begins another step.
  void clear() noexcept {
    count_ = 0;
    sum_ = 0;
    largest_.clear();
  }

 private:
  std::size_t count_ = 0;
  double sum_ = 0;
  double min_ = 0;
  double max_ = 0;
  double last_ = 0;
  LargestValues largest_;  ///< for Aggregate::p95 only
};

/// A set of figures, by their places in the table: `set.set(figure_place<figures>("num_fds"))`.
using FigureSet = std::bitset<figure_count<figures>>;

/// The aggregated samples of one step.
struct StepRow {
  Timestamp begin{};        ///< start of the step
  std::size_t samples = 0;  ///< at least 1
  /// The aggregates in the order of `figures`, such as `values[figure_place<figures>("num_fds")]`;
  /// unknown if no sample of the step has the figure, or if it was not asked for.
  std::array<Figure<double>, figure_count<figures>> values{};
};

struct StepperOptions {
  std::chrono::nanoseconds step;  ///< positive
  Aggregate aggregate = Aggregate::average;
  /// The most samples that a step has; SIZE_MAX: unknown. With more samples than that,
  /// Aggregate::p95 is wrong.
  std::size_t most_samples = SIZE_MAX;
  FigureSet wanted = FigureSet().set();  ///< the figures to aggregate
};

/// Aggregates the samples of a history, added one at a time, into one row per step. Steps without
/// samples have no row. Samples must be added in the order of their timestamps. If the wall clock
/// was set back and samples are added in the order they were taken, a step may yield several rows,
/// one for each run of consecutive samples.
///
/// Memory: constant, except for Aggregate::p95, which stores the values of one step: all of them,
/// or the largest twentieth of StepperOptions::most_samples.
class Stepper {
 public:
  /// `step` is positive.
  Stepper(std::chrono::nanoseconds step, Aggregate aggregate)
      : Stepper(StepperOptions{.step = step, .aggregate = aggregate}) {}
  explicit Stepper(const StepperOptions& options)
      : step_(options.step),
        aggregate_(options.aggregate),
        kept_(kept_for_p95(options.most_samples)),
        wanted_(options.wanted) {}

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
      const std::size_t place = index++;
      if (!wanted_[place]) return;
      const auto value = figure.of(sample);
      if (value)
        values_[place].add(static_cast<double>(*value), aggregate_, kept_, room_for(place));
    });
    return complete;
  }

  /// Does a part of what finish() has to do, to divide it: reduces one more figure. Returns false
  /// if all are reduced. After it, call finish() before adding a sample.
  bool reduce_next() {
    if (samples_ == 0 || reduced_count_ == values_.size()) return false;
    StepValues& next = values_[reduced_count_];
    reduced_[reduced_count_++] = next.reduce(aggregate_);
    next.clear();
    return true;
  }

  /// Returns the row of the last step; empty if no sample was added since the previous row.
  [[nodiscard]] std::optional<StepRow> finish() {
    if (samples_ == 0) return std::nullopt;
    while (reduce_next()) {
    }
    const StepRow row{.begin = begin_, .samples = samples_, .values = reduced_};
    reduced_count_ = 0;
    samples_ = 0;
    return row;
  }

 private:
  /// Each figure has another room, so that not all are pruned after the same sample.
  [[nodiscard]] std::size_t room_for(std::size_t place) const noexcept {
    if (kept_ == SIZE_MAX) return SIZE_MAX;
    return kept_ + kept_ / 4 + place * (kept_ / 2) / figure_count<figures> + 64;
  }

  std::chrono::nanoseconds step_;
  Aggregate aggregate_;
  std::size_t kept_;
  FigureSet wanted_;
  Timestamp begin_{};
  std::size_t samples_ = 0;
  std::array<StepValues, figure_count<figures>> values_;
  std::array<Figure<double>, figure_count<figures>> reduced_{};
  std::size_t reduced_count_ = 0;  ///< of values_, in this step
};

}  // namespace provisr
