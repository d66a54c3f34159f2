#pragma once

#include <provisr/clock.hpp>

#include <chrono>
#include <optional>

namespace provisr::daemon {

/// Rate limit for a repeated action: the pause before the next one doubles each time. Not
/// thread-safe.
class DoublingPause {
 public:
  struct Bounds {
    std::chrono::nanoseconds first;
    std::chrono::nanoseconds most;
  };

  explicit DoublingPause(const Bounds& bounds) noexcept : bounds_(bounds), pause_(bounds.first) {}

  /// Returns how long the action must still wait; 0 or less if it is due.
  [[nodiscard]] std::chrono::nanoseconds left(MonotonicTime now) const noexcept;

  /// Notes that the action is done now. The pause falls back to the first one if no action was
  /// needed for another pause after the last one ended; `slack` is the time that it takes to detect
  /// that an action is needed.
  void note(MonotonicTime now, std::chrono::nanoseconds slack) noexcept;

 private:
  Bounds bounds_;
  std::chrono::nanoseconds pause_;
  std::optional<MonotonicTime> last_;
};

}  // namespace provisr::daemon
