#include "daemon/api/process_events.hpp"

#include "daemon/api/exits_json.hpp"
#include "daemon/api/json.hpp"

#include <exception>
#include <utility>

namespace provisr::daemon {

void ProcessEvents::note(const ProcessStatus& now) noexcept {
  try {
    const auto found = known_.find(now.name);
    const Known before = found == known_.end() ? Known() : found->second;
    if (now.pid == before.pid && now.started == before.started) return;
    if (now.pid) {
      known_[now.name] = {now.pid, now.started};
    } else {
      known_.erase(now.name);
    }
    const bool is_lost = now.kind == ProcessKind::child && before.pid && !before.has_ended;
    if (is_lost) report_loss(before, now);
    if (now.pid) tell_of_start(now);
  } catch (const std::exception&) {
  }
}

void ProcessEvents::note_exit(const ExitRecord& record) noexcept {
  try {
    const auto found = known_.find(record.name);
    if (found != known_.end()) found->second.has_ended |= found->second.pid == record.pid;
    hub_->publish("exited", exited_json(record));
  } catch (const std::exception&) {
  }
}

void ProcessEvents::tell_of_start(const ProcessStatus& now) {
  // A process that somebody else runs may have started long before it was found.
  const bool is_new = now.kind == ProcessKind::child && now.started;
  const Timestamp at = is_new ? now.started->at : clock_->utc_now();
  hub_->publish("started", started_json(now, at, clock_->monotonic_now()));
}

/// Publishes the end of a child that has no exit record: its program could not be executed, or it
/// cannot be killed.
void ProcessEvents::report_loss(const Known& lost, const ProcessStatus& now) {
  ExitRecord record;
  record.name = now.name;
  record.pid = *lost.pid;
  if (lost.started) record.started_at = lost.started->at;
  record.ended_at = clock_->utc_now();
  hub_->publish("exited", exited_json(record, now.last_error));
}

void publish_breach_event(EventHub& hub, const LimitBreach& breach) noexcept {
  try {
    hub.publish("limit", limit_json(breach, Clock::system().utc_now()));
  } catch (const std::exception&) {
  }
}

void publish_tick_event(EventHub& hub, const TickEvent& tick) {
  if (hub.wants_ticks()) hub.publish_tick(tick_json(tick));
}

}  // namespace provisr::daemon
