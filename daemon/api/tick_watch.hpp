#pragma once

#include "daemon/base/log.hpp"

#include <provisr/clock.hpp>
#include <provisr/observer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// An observer that checks whether ticks keep to their schedule. A tick is late if it began more
/// than half an interval after it was due, or if rounds were skipped before it. Logs the first late
/// tick of an episode; a tick on time ends the episode. A tick that never comes is noticed by
/// time_overdue() only.
///
/// Thread safety: on_tick() must be called by the collector's thread, the rest by any thread.
class TickWatch {
 public:
  /// `log` and `clock` must outlive the object. The wait for the first tick begins now.
  TickWatch(std::chrono::nanoseconds interval, const Log& log, const Clock& clock = Clock::system())
      : interval_(interval), log_(log), clock_(clock), last_end_(clock.monotonic_now()) {}

  void on_tick(const TickReport& report);

  /// Changes the interval. The wait for the next tick begins now.
  void set_interval(std::chrono::nanoseconds interval) noexcept {
    interval_ = interval;
    last_end_ = clock_.monotonic_now();
  }

  [[nodiscard]] std::chrono::nanoseconds last_duration() const noexcept { return last_duration_; }
  [[nodiscard]] std::uint64_t late() const noexcept { return late_; }
  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept { return interval_; }

  /// Returns the time since the end of the last tick if the next one should have ended, too;
  /// otherwise empty. Allows half an interval more than the interval, but at least a second more.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> time_overdue() const noexcept;

 private:
  [[nodiscard]] bool is_late(const TickSchedule& schedule) const noexcept;

  std::atomic<std::chrono::nanoseconds> interval_;
  const Log& log_;
  const Clock& clock_;
  bool was_late_ = false;
  std::atomic<std::chrono::nanoseconds> last_duration_{std::chrono::nanoseconds(0)};
  std::atomic<std::uint64_t> late_ = 0;
  std::atomic<MonotonicTime> last_end_;
};

}  // namespace provisr::daemon
