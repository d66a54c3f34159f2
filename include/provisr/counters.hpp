#pragma once

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace provisr {

/// A snapshot with counters that were read after its tick, for scrapers that compute rates by their
/// own clock. Made by BasicRegistry::read_counters().
///
/// Thread safety: several threads may read one object; otherwise not thread-safe.
class FreshCounters {
 public:
  /// Starts with the counters of the snapshot's tick.
  explicit FreshCounters(Snapshot snapshot) : snapshot_(std::move(snapshot)) {
    metrics_.reserve(snapshot_.size());
    for (const Snapshot::Process process : snapshot_) {
      const SampleView sample = process.sample();  // present but meaningless if not running
      metrics_.push_back(sample.metrics);
      more_.insert(more_.end(), sample.more.begin(), sample.more.end());
      row_slots_ = sample.more.size();
    }
  }

  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }

  /// Returns the sample of snapshot()[index] with its counters replaced: by those of the process
  /// that the name has now, even if the snapshot shows a former one. Requires that
  /// snapshot()[index] is running.
  [[nodiscard]] SampleView sample(std::size_t index) const noexcept {
    return {metrics_[index], {more_.data() + index * row_slots_, row_slots_}};
  }

 private:
  template <class>
  friend class BasicRegistry;

  Snapshot snapshot_;
  std::vector<ProcessMetrics> metrics_;
  std::vector<Figure<std::uint64_t>> more_;
  std::size_t row_slots_ = 0;
};

}  // namespace provisr
