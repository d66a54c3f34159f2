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
    std::chrono::milliseconds
        retry;  ///< after the first failed start; doubles with each further one
    std::chrono::milliseconds most;  ///< upper bound of `retry`; raised to `retry` if it is less
  };

  explicit Backoff(const Intervals& intervals) : intervals_(intervals) {}

  void set_intervals(const Intervals& intervals) noexcept { intervals_ = intervals; }

  void note_failed_start() noexcept { ++failures_; }
  void reset() noexcept { failures_ = 0; }

  /// Failed starts in a row.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

  /// Returns the pause before the next start. `luck`, from 0 to 1, selects the jitter: the pause is
  /// at least the interval and at most a quarter longer. A pause that has grown to `most` is
  /// instead at most a fifth shorter.
  [[nodiscard]] std::chrono::milliseconds pause(double luck) const noexcept;

 private:
  Intervals intervals_;
  std::uint64_t failures_ = 0;
};

}  // namespace provisr::daemon
