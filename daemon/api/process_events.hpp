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

/// Tells a hub which processes have started and ended, each start and each end once.
///
/// Thread safety: note() and note_exit() from one thread.
class ProcessEvents {
 public:
  /// `hub` and `clock` must outlive it.
  explicit ProcessEvents(EventHub& hub, const Clock& clock = Clock::system())
      : hub_(&hub), clock_(&clock) {}

  // Without memory, an event is lost.

  /// What a process has become: there is perhaps another one behind the name.
  void note(const ProcessStatus& now) noexcept;
  /// An end, before the status that follows from it.
  void note_exit(const ExitRecord& record) noexcept;

 private:
  /// The process behind a name.
  struct Known {
    std::optional<ProcessId> pid;
    std::optional<ProcessStatus::Started> started;
    bool has_ended = false;  ///< and that was told
  };

  void tell_of_start(const ProcessStatus& now);
  void tell_of_loss(const Known& lost, const ProcessStatus& now);

  EventHub* hub_;
  const Clock* clock_;
  std::unordered_map<std::string, Known> known_;  ///< by name, those that run
};

/// Tells a hub of a breach that begins. Without memory, the event is lost.
void tell_of_breach(EventHub& hub, const LimitBreach& breach) noexcept;

/// Tells a hub of a tick if somebody listens for it.
void tell_of_tick(EventHub& hub, const TickEvent& tick);

}  // namespace provisr::daemon
