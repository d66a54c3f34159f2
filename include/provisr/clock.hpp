#pragma once

#include <provisr/process_metrics.hpp>

#include <chrono>

namespace provisr {

/// A moment on a clock that never goes back; only differences mean anything.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// The two clocks that sampling needs. Derive from it to give tests a time of their own.
/// Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// For lengths of time: CPU rates are measured against it.
  [[nodiscard]] virtual MonotonicTime monotonic_now() const noexcept {
    return std::chrono::steady_clock::now();
  }

  /// For timestamps only: it may jump.
  [[nodiscard]] virtual Timestamp utc_now() const noexcept {
    return std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now());
  }

  /// The operating system's clocks; lives as long as the program.
  [[nodiscard]] static const Clock& system() noexcept {
    static const Clock instance;
    return instance;
  }
};

}  // namespace provisr
