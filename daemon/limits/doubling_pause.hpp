#pragma once

#include <provisr/clock.hpp>

#include <chrono>
#include <optional>

namespace provisr::daemon {

/// Spaces what would else be done again and again: each time the pause before the next one doubles.
/// Not thread-safe.
class DoublingPause {
 public:
  struct Bounds {
    std::chrono::nanoseconds first;
    std::chrono::nanoseconds most;
  };

  explicit DoublingPause(const Bounds& bounds) noexcept : bounds_(bounds), pause_(bounds.first) {}

  /// How long it must still wait; 0 or less: it is due.
  [[nodiscard]] std::chrono::nanoseconds left(MonotonicTime now) const noexcept;

  /// It is done. The pause is the first one again if nothing was to be done for as long as the
  /// pause lasted; `slack` is what it takes to find out that it must be done again.
  void note(MonotonicTime now, std::chrono::nanoseconds slack) noexcept;

 private:
  Bounds bounds_;
  std::chrono::nanoseconds pause_;
  std::optional<MonotonicTime> last_;
};

}  // namespace provisr::daemon
