#pragma once

#include "daemon/api/event_hub.hpp"
#include "daemon/supervisor/exit_record.hpp"
#include "daemon/supervisor/limit_breach.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/observer.hpp>

#include <optional>
#include <string>
#include <unordered_map>

namespace provisr::daemon {

/// A publisher of the starts and ends of processes. It publishes each exactly once.
///
/// Thread safety: note() and note_exit() must be called from one thread.
class ProcessEvents {
 public:
  /// `hub` and `clock` must outlive the object.
  explicit ProcessEvents(EventHub& hub, const Clock& clock = Clock::system())
      : hub_(&hub), clock_(&clock) {}

  // If memory is short, an event is lost.

  /// Notes a status. There may be another process behind the name than before.
  void note(const ProcessStatus& now) noexcept;
  /// Notes an end. Must be called before the status that follows from the end is noted.
  void note_exit(const ExitRecord& record) noexcept;

 private:
  /// The process behind a name.
  struct Known {
    std::optional<ProcessId> pid;
    std::optional<ProcessStatus::Started> started;
    bool has_ended = false;  ///< and its end was published
  };

  void tell_of_start(const ProcessStatus& now);
  void report_loss(const Known& lost, const ProcessStatus& now);

  EventHub* hub_;
  const Clock* clock_;
  std::unordered_map<std::string, Known> known_;  ///< running processes by name
};

/// Publishes a breach that has begun. If memory is short, the event is lost.
void publish_breach_event(EventHub& hub, const LimitBreach& breach) noexcept;

/// Publishes a tick if somebody listens for ticks or may come back to do so.
void publish_tick_event(EventHub& hub, const TickEvent& tick);

}  // namespace provisr::daemon
