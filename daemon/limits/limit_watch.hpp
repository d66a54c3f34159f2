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

/// Compares each tick's samples with the limits of the configuration, and does what follows from a
/// breach: tells it, and has the supervisor restart or stop the process.
///
/// A process breaches a limit once every valid sample of it has been over the limit for
/// `breach_duration`; a sample at or below the limit, or the end of the process, ends the breach. A
/// sample or a figure that is missing does neither.
///
/// Thread safety: on_tick() from one thread at a time, the rest from any.
class LimitWatch {
 public:
  struct Actions {
    std::function<void(Command, ReplyHandler)> submit;
    /// Told of each breach once, when it begins, on the thread that ticks and with no lock held;
    /// may be empty.
    std::function<void(const LimitBreach&)> on_breach = {};
    /// What was counted of a name before it is watched; must not block; may be empty.
    std::function<BreachCounts(std::string_view name)> counts_before = {};
  };

  /// `log` and `clock` must outlive it.
  LimitWatch(std::chrono::nanoseconds interval, Actions actions, const Log& log,
             const Clock& clock = Clock::system())
      : actions_(std::move(actions)), log_(&log), clock_(&clock), interval_(interval) {}

  /// Lives by these processes from now on. Names whose limits are the same go on; those that are
  /// not among them are forgotten.
  void set_processes(const std::vector<ProcessConfig>& processes);

  /// Watches a name that a `match` has given, whose limits may be none. It stays until it is
  /// forgotten, whatever set_processes() says.
  void watch_match(const std::string& name, const ProcessLimits& limits);
  void forget_match(const std::string& name);

  /// How often ticks come from now on.
  void set_interval(std::chrono::nanoseconds interval);

  /// Ends every breach: no sample will come any more, or not soon.
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
    bool was_told = false;                  ///< of this breach, in the log
    std::optional<ProcessId> told_of = {};  ///< the last process
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
  /// What is to be done once no lock is held.
  struct Event {
    enum class Kind { began, goes_on, ended };
    Kind kind;
    LimitBreach breach;
    std::chrono::nanoseconds lasted;
    bool is_told;                        ///< in the log
    bool acts = false;                   ///< by a command
    std::chrono::nanoseconds wait = {};  ///< until it may act
  };
  using Events = std::vector<Event>;

  [[nodiscard]] Watched watch(std::string name, const ProcessLimits& config) const;
  /// Under other limits, perhaps.
  [[nodiscard]] Watched continued(Watched before, const ProcessLimits& config) const;
  /// mutex_ held.
  [[nodiscard]] std::vector<Watched>::iterator find_match(const std::string& name);
  void judge(Watched& watched, const ProcessMetrics& sample, MonotonicTime now, Events& events);
  void judge(Watched& watched, Limit& limit, const BreachTimer::Sample& sample, Events& events);
  void note_breach(Watched& watched, Limit& limit, MonotonicTime now, Events& events);
  /// How long it must not act on a process that breaches a limit; 0: it is to act.
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
