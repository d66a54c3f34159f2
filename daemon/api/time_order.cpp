#include "daemon/api/time_order.hpp"

#include <algorithm>

namespace provisr::daemon {

std::size_t TimeOrder::work(std::size_t most, const Visit& visit) {
  if (is_merging_) return merge(most, visit);
  const std::size_t looked_at = find_runs(most);
  if (unseen_.left() == 0) begin_merging();
  return looked_at;
}

std::size_t TimeOrder::find_runs(std::size_t most) {
  SampleRows rows;
  const std::uint64_t left_before = unseen_.left();
  unseen_.read(most, rows);
  const std::uint64_t end = history_.left() - unseen_.left();
  const std::uint64_t begin = end - rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Timestamp time = rows.metrics[i].timestamp;
    if (!range_.contains(time)) continue;
    if (found_.empty() || time < latest_) found_.push_back({begin + i, begin + i});
    found_.back().last = begin + i;
    latest_ = time;
    first_ = std::min(first_, time);
    last_ = std::max(last_, time);
  }
  return static_cast<std::size_t>(left_before - unseen_.left());
}

std::size_t TimeOrder::merge(std::size_t most, const Visit& visit) {
  const auto later = [this](std::size_t one, std::size_t other) { return is_later(one, other); };
  std::size_t visited = 0;
  while (visited < most && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Run& run = runs_[heap_.back()];
    visit(run.rows[run.next++]);
    ++visited;
    if (find_next(run)) {
      std::push_heap(heap_.begin(), heap_.end(), later);
    } else {
      heap_.pop_back();
    }
  }
  return visited;
}

void TimeOrder::begin_merging() {
  // A client that takes nothing more holds these rows.
  constexpr std::size_t max_rows = 4096;
  constexpr std::size_t max_of_a_run = 128;
  is_merging_ = true;
  rows_at_once_ =
      std::clamp<std::size_t>(max_rows / std::max<std::size_t>(found_.size(), 1), 1, max_of_a_run);
  runs_.reserve(found_.size());
  for (const Found& found : found_) {
    runs_.push_back({history_.part(found.first, found.last - found.first + 1)});
    if (find_next(runs_.back())) heap_.push_back(runs_.size() - 1);
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](std::size_t one, std::size_t other) { return is_later(one, other); });
}

std::uint64_t TimeOrder::steps_spanned(std::chrono::nanoseconds step) const {
  if (found_.empty()) return 0;
  return static_cast<std::uint64_t>((step_of(last_, step) - step_of(first_, step)) / step) + 1;
}

/// Moves to the next sample in the range. Returns false at the end of the run.
bool TimeOrder::find_next(Run& run) const {
  for (;; ++run.next) {
    while (run.next == run.rows.size()) {
      if (run.left.left() == 0) return false;
      run.left.read(rows_at_once_, run.rows);
      run.next = 0;
    }
    if (range_.contains(run.time())) return true;
  }
}

bool TimeOrder::is_later(std::size_t one, std::size_t other) const {
  const Timestamp time = runs_[one].time();
  const Timestamp other_time = runs_[other].time();
  return time != other_time ? time > other_time : one > other;
}

}  // namespace provisr::daemon
