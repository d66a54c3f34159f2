#pragma once

#include "daemon/base/log.hpp"
#include "daemon/platform/child_process.hpp"
#include "daemon/supervisor/liveness.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {

/// One moment on both clocks.
struct Moment {
  MonotonicTime monotonic;
  Timestamp utc;
};

/// What managed processes use of the world around them; must outlive them.
struct ProcessServices {
  Launcher launch;
  ProcessFinder find;
  /// Has the process measured from now on.
  std::function<std::error_code(std::string_view name, ProcessId pid)> track;
  const Log* log;
};

/// One name that the supervisor looks after. Time is handed in; nothing here waits or blocks.
/// Not thread-safe.
class ManagedProcess {
 public:
  virtual ~ManagedProcess() = default;

  /// Called once, before any other function.
  virtual void start(const Moment& now) = 0;

  /// Takes notice of what has happened and does what is due.
  virtual void update(const Moment& now) = 0;

  /// Asks the process to end, if it is the daemon's to end, and lets no other one begin.
  virtual void stop(const Moment& now) = 0;

  /// Whether nothing of it runs or will run again by the daemon's doing.
  [[nodiscard]] virtual bool ended() const = 0;

  /// When to call update at the latest, whatever happens.
  [[nodiscard]] virtual MonotonicTime next_deadline() const = 0;

  /// As a shell would report the end that the process came to by itself: 127 or 126 where it could
  /// not be started; 0 where it has not ended, or ended because it was asked to.
  [[nodiscard]] virtual int result() const { return 0; }

  /// Whether something of it may still run that could not even be killed.
  [[nodiscard]] virtual bool given_up() const { return false; }

  [[nodiscard]] virtual const ProcessStatus& status() const = 0;
};

/// Tells a new problem from one that merely goes on, so that each is logged once.
class RepeatFilter {
 public:
  /// Whether `problem` differs from the one before.
  [[nodiscard]] bool is_new(const std::string& problem) {
    return std::exchange(last_, problem) != problem;
  }
  void clear() { last_.clear(); }

 private:
  std::string last_;
};

}  // namespace provisr::daemon
