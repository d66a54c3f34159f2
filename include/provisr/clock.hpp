#pragma once

#include <provisr/process_metrics.hpp>

#include <chrono>

namespace provisr {

/// A moment on a clock that never goes back. Only differences have a meaning.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// The two clocks that sampling needs. Tests can derive a clock of their own. Implementations must
/// be thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Returns the time for measuring durations, such as those of CPU rates.
  [[nodiscard]] virtual MonotonicTime monotonic_now() const noexcept {
    return std::chrono::steady_clock::now();
  }

  /// Returns the time for timestamps only; it may jump.
  [[nodiscard]] virtual Timestamp utc_now() const noexcept {
    return std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now());
  }

  /// Returns the clocks of the operating system. The object lives as long as the program.
  [[nodiscard]] static const Clock& system() noexcept {
    static const Clock instance;
    return instance;
  }
};

}  // namespace provisr
