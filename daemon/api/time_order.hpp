#pragma once

#include <provisr/history.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/query.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace provisr::daemon {

/// A walk over the samples of a history that are in a range, in the order of their timestamps. If
/// the wall clock was set back, samples lie out of order and would fall into steps that are
/// complete. Samples with equal timestamps keep their order.
///
/// The first pass finds the runs of ordered samples; there is one unless the clock was set back.
/// The second pass merges the runs. Memory: constant, plus a little for each run. Samples that are
/// overwritten meanwhile are left out.
class TimeOrder {
 public:
  using Visit = std::function<void(const SampleView& sample)>;

  TimeOrder(HistoryView history, const TimeRange& range)
      : history_(history), unseen_(std::move(history)), range_(range) {}

  /// Examines `most` further samples, or fewer at the end of a pass, and visits those whose turn it
  /// is. Returns how many it has examined. Skipped samples outside the range do not count in the
  /// second pass.
  std::size_t work(std::size_t most, const Visit& visit);

  /// Returns whether the first pass is over, so that samples are visited from now on.
  [[nodiscard]] bool is_visiting() const { return is_merging_; }

  /// Returns how many steps lie between the first and the last sample in the range, with these;
  /// some may be empty. Requires is_visiting().
  [[nodiscard]] std::uint64_t steps_spanned(std::chrono::nanoseconds step) const;

  /// Returns whether all samples were visited.
  [[nodiscard]] bool is_done() const { return is_merging_ && heap_.empty(); }

 private:
  struct Run {
    HistoryView left;
    SampleRows rows = {};
    std::size_t next = 0;

    [[nodiscard]] Timestamp time() const { return rows.metrics[next].timestamp; }
  };

  [[nodiscard]] std::size_t find_runs(std::size_t most);
  void begin_merging();
  [[nodiscard]] std::size_t merge(std::size_t most, const Visit& visit);
  [[nodiscard]] bool find_next(Run& run) const;
  [[nodiscard]] bool is_later(std::size_t one, std::size_t other) const;

  struct Found {
    std::uint64_t first;
    std::uint64_t last;
  };

  HistoryView history_;
  HistoryView unseen_;
  TimeRange range_;
  Timestamp latest_{};  ///< of the last run
  Timestamp first_ = Timestamp::max();
  Timestamp last_ = Timestamp::min();
  std::vector<Found> found_;  ///< by the first pass; counted from the first sample of history_
  bool is_merging_ = false;
  std::size_t rows_at_once_ = 0;
  std::vector<Run> runs_;
  std::vector<std::size_t> heap_;  ///< runs that are not at their end, the earliest first
};

}  // namespace provisr::daemon
