#pragma once

#include "daemon/base/log.hpp"

#include <provisr/observer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace provisr::daemon {

/// Observes how the ticks keep to their schedule. A tick is late if it began more than half an
/// interval after it was due, or if rounds were skipped before it. The first late tick of an
/// episode is logged; an episode ends with a tick on time.
///
/// Thread safety: on_tick by the collector's thread; the rest from any thread.
class TickWatch {
 public:
  /// `log` must outlive it.
  TickWatch(std::chrono::nanoseconds interval, const Log& log) : interval_(interval), log_(log) {}

  void on_tick(const TickReport& report);

  [[nodiscard]] std::chrono::nanoseconds last_duration() const noexcept { return last_duration_; }
  [[nodiscard]] std::uint64_t late() const noexcept { return late_; }

 private:
  [[nodiscard]] bool is_late(const TickSchedule& schedule) const noexcept;

  std::chrono::nanoseconds interval_;
  const Log& log_;
  bool was_late_ = false;
  std::atomic<std::chrono::nanoseconds> last_duration_{std::chrono::nanoseconds(0)};
  std::atomic<std::uint64_t> late_ = 0;
};

}  // namespace provisr::daemon
