#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/limits/breach_timer.hpp"
#include "daemon/limits/doubling_pause.hpp"
#include "daemon/supervisor/command.hpp"
#include "daemon/supervisor/limit_breach.hpp"

#include <provisr/clock.hpp>
#include <provisr/observer.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Compares the samples of each tick with the limits of the configuration. Logs and reports each
/// breach, and has the supervisor restart or stop the process if so configured.
///
/// A process breaches a limit once all its valid samples have been over the limit for
/// `breach_duration`. A sample at or below the limit, or the end of the process, ends the breach. A
/// missing sample or figure neither starts nor ends it.
///
/// Thread safety: on_tick() from one thread at a time, the rest from any thread.
class LimitWatch {
 public:
  struct Actions {
    std::function<void(Command, ReplyHandler)> submit;
    /// Called once for each breach, when it begins, on the thread of on_tick() and with no lock
    /// held; may be empty.
    std::function<void(const LimitBreach&)> on_breach = {};
    /// Returns the breaches of a name before it was watched. Must not block; may be empty.
    std::function<BreachCounts(std::string_view name)> counts_before = {};
  };

  /// `log` and `clock` must outlive the watch.
  LimitWatch(std::chrono::nanoseconds interval, Actions actions, const Log& log,
             const Clock& clock = Clock::system())
      : actions_(std::move(actions)), log_(&log), clock_(&clock), interval_(interval) {}

  /// Replaces the processes of the configuration. Names whose limits stay the same keep their
  /// state; names that are no longer listed are forgotten.
  void set_processes(const std::vector<ProcessConfig>& processes);

  /// Watches a name that a `match` has given, possibly without limits. The name stays until
  /// forget_match(), regardless of set_processes().
  void watch_match(const std::string& name, const ProcessLimits& limits);
  void forget_match(const std::string& name);

  /// Sets the time between two ticks.
  void set_interval(std::chrono::nanoseconds interval);

  /// Ends every breach because no samples will come, at least not soon.
  void forget_breaches();

  /// Linear in the number of names with limits. Allocates nothing while no limit is breached.
  void on_tick(const Snapshot& snapshot);

  [[nodiscard]] LimitReport report() const;

 private:
  /// One limit of one name.
  struct Limit {
    LimitFigure figure;
    double most;
    BreachTimer timer = {};
    bool is_breached = false;
    bool was_told = false;                  ///< whether this breach was logged
    std::optional<ProcessId> told_of = {};  ///< the last process whose breach was logged
    std::uint64_t breaches = 0;
    DoublingPause words;  ///< between lines in the log

    void forget() noexcept;
  };
  struct Watched {
    std::string name;
    ProcessLimits config;
    std::vector<Limit> limits;
    DoublingPause actions;
    bool is_match = false;
    std::optional<ProcessId> acted_on = {};  ///< the last process
  };
  /// What must be done once no lock is held.
  struct Event {
    enum class Kind { began, goes_on, ended };
    Kind kind;
    LimitBreach breach;
    std::chrono::nanoseconds lasted;
    bool is_told;                        ///< must be logged
    bool acts = false;                   ///< must send a command
    std::chrono::nanoseconds wait = {};  ///< until an action is allowed
  };
  using Events = std::vector<Event>;

  [[nodiscard]] Watched watch(std::string name, const ProcessLimits& config) const;
  /// Returns `before` with other limits. One that stays the same keeps its state, one that changes
  /// only its breach count.
  [[nodiscard]] Watched continued(Watched before, const ProcessLimits& config) const;
  /// Requires that mutex_ is held.
  [[nodiscard]] std::vector<Watched>::iterator find_match(const std::string& name);
  void judge(Watched& watched, const ProcessMetrics& sample, MonotonicTime now, Events& events);
  void judge(Watched& watched, Limit& limit, const BreachTimer::Sample& sample, Events& events);
  void note_breach(Watched& watched, Limit& limit, MonotonicTime now, Events& events);
  /// Returns how long an action on a process that breaches a limit must wait; 0: it is due.
  [[nodiscard]] static std::chrono::nanoseconds wait_of(const Watched& watched, ProcessId pid,
                                                        MonotonicTime now);
  void publish();
  void publish_breaches();
  void do_what_follows(const Event& event) const;
  void tell(const Event& event) const;
  void act(const LimitBreach& breach) const;

  Actions actions_;
  const Log* log_;
  const Clock* clock_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::chrono::nanoseconds interval_;
  std::vector<Watched> watched_;
  LimitReport report_;
};

}  // namespace provisr::daemon
