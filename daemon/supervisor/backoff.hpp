#pragma once

#include <chrono>
#include <cstdint>

namespace provisr::daemon {

/// How long to wait before the next start: longer with each failed start in a row, and a little at
/// random, so that those that ended together do not come back together. Not thread-safe.
class Backoff {
 public:
  struct Intervals {
    std::chrono::milliseconds restart;  ///< after a process that ran
    std::chrono::milliseconds retry;    ///< after a first failed start; doubles with each further
    std::chrono::milliseconds most;     ///< what `retry` grows to; less than it counts as equal
  };

  explicit Backoff(const Intervals& intervals) : intervals_(intervals) {}

  void set_intervals(const Intervals& intervals) noexcept { intervals_ = intervals; }

  void note_failed_start() noexcept { ++failures_; }
  void reset() noexcept { failures_ = 0; }

  /// Failed starts in a row.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

  /// `luck`: from 0 to 1. The pause is at least the interval and at most a quarter longer; one that
  /// has grown to `most` is at most a fifth shorter instead.
  [[nodiscard]] std::chrono::milliseconds pause(double luck) const noexcept;

 private:
  Intervals intervals_;
  std::uint64_t failures_ = 0;
};

}  // namespace provisr::daemon
