#pragma once

#include <provisr/clock.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Returns the next multiple of the interval after `now`: whatever is repeated at this interval is
/// due at the same moments and shares the wake-ups.
[[nodiscard]] constexpr MonotonicTime next_shared_moment(MonotonicTime now,
                                                         std::chrono::nanoseconds interval) {
  return now + interval - now.time_since_epoch() % interval;
}

/// One deadline for each index; MonotonicTime::max() means never. A change costs O(log n).
class Deadlines {
 public:
  /// `index` is at most one past the last.
  void set(std::size_t index, MonotonicTime deadline) {
    if (index == of_.size()) of_.push_back(MonotonicTime::max());
    if (of_[index] == deadline) return;
    auto entry = queue_.extract({of_[index], index});
    of_[index] = deadline;
    if (deadline == MonotonicTime::max()) return;
    if (entry.empty()) {
      queue_.emplace(deadline, index);
    } else {  // spares an allocation
      entry.value() = {deadline, index};
      queue_.insert(std::move(entry));
    }
  }

  void clear() {
    of_.clear();
    queue_.clear();
  }

  [[nodiscard]] MonotonicTime earliest() const {
    return queue_.empty() ? MonotonicTime::max() : queue_.begin()->first;
  }

  /// Returns the indices that are due, the earliest first, at most `most` of them.
  [[nodiscard]] std::vector<std::size_t> due(MonotonicTime now, std::size_t most) const {
    std::vector<std::size_t> indices;
    for (const auto& [deadline, index] : queue_) {
      if (deadline > now || indices.size() == most) break;
      indices.push_back(index);
    }
    return indices;
  }

 private:
  std::vector<MonotonicTime> of_;
  std::set<std::pair<MonotonicTime, std::size_t>> queue_;
};

}  // namespace provisr::daemon
