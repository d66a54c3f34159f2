#include "daemon/api/tick_watch.hpp"

#include <algorithm>
#include <utility>

namespace provisr::daemon {

void TickWatch::on_tick(const TickReport& report) {
  last_duration_ = report.duration;
  last_end_ = clock_.monotonic_now();
  const bool late = is_late(report.schedule);
  const bool begins_episode = !std::exchange(was_late_, late) && late;
  if (late) ++late_;
  if (!begins_episode) return;
  const std::chrono::duration<double> lateness = report.schedule.lateness;
  log_.warn(
      "tick {} began {:.3f} s late, {} skipped before it; the machine or provisrd is overloaded",
      report.tick, lateness.count(), report.schedule.missed);
}

std::optional<std::chrono::nanoseconds> TickWatch::time_overdue() const noexcept {
  constexpr std::chrono::nanoseconds least_patience = std::chrono::seconds(1);
  const std::chrono::nanoseconds interval = interval_;
  const std::chrono::nanoseconds silence = clock_.monotonic_now() - last_end_.load();
  if (silence <= interval + std::max(interval / 2, least_patience)) return std::nullopt;
  return silence;
}

bool TickWatch::is_late(const TickSchedule& schedule) const noexcept {
  return schedule.missed > 0 || schedule.lateness > interval() / 2;
}

}  // namespace provisr::daemon
