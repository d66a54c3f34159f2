#pragma once

#include <chrono>
#include <cstdint>

namespace provisr::daemon {

/// The pause before the next start of a process. It grows with each failed start in a row, and has
/// jitter so that processes that ended together are not restarted together. Not thread-safe.
class Backoff {
 public:
  struct Intervals {
    std::chrono::milliseconds restart;  ///< after a process that has run
    std::chrono::milliseconds retry;    ///< after the first failed start; then doubles each time
    std::chrono::milliseconds most;     ///< upper bound of `retry`; raised to `retry` if it is less
  };

  explicit Backoff(const Intervals& intervals) : intervals_(intervals) {}

  void set_intervals(const Intervals& intervals) noexcept { intervals_ = intervals; }

  void note_failed_start() noexcept { ++failures_; }
  void reset() noexcept { failures_ = 0; }

  /// Failed starts in a row.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

  /// Returns the pause with jitter: the interval plus at most a quarter of it, or, if it has grown
  /// to `most`, minus at most a fifth. `random_fraction`, from 0 to 1, selects the value in that
  /// range.
  [[nodiscard]] std::chrono::milliseconds pause(double random_fraction) const noexcept;

 private:
  Intervals intervals_;
  std::uint64_t failures_ = 0;
};

}  // namespace provisr::daemon
