#pragma once

#include "daemon/base/log.hpp"

#include <provisr/clock.hpp>
#include <provisr/observer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// Observes how the ticks keep to their schedule. A tick is late if it began more than half an
/// interval after it was due, or if rounds were skipped before it. The first late tick of an
/// episode is logged; an episode ends with a tick on time. A tick that does not come at all is
/// noticed by who asks for it.
///
/// Thread safety: on_tick by the collector's thread; the rest from any thread.
class TickWatch {
 public:
  /// `log` and `clock` must outlive it. The first tick is awaited from now on.
  TickWatch(std::chrono::nanoseconds interval, const Log& log, const Clock& clock = Clock::system())
      : interval_(interval), log_(log), clock_(clock), last_end_(clock.monotonic_now()) {}

  void on_tick(const TickReport& report);

  /// Expects ticks at another pace; the first of them is awaited from now on.
  void set_interval(std::chrono::nanoseconds interval) noexcept {
    interval_ = interval;
    last_end_ = clock_.monotonic_now();
  }

  [[nodiscard]] std::chrono::nanoseconds last_duration() const noexcept { return last_duration_; }
  [[nodiscard]] std::uint64_t late() const noexcept { return late_; }
  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept { return interval_; }

  /// How long the last tick has been over, if the next one ought to be over as well: once an
  /// interval and its half, but at least a second more than it, has passed. Else empty.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> overdue_silence() const noexcept;

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
