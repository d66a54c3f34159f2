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

/// The services that managed processes depend on; must outlive them.
struct ProcessServices {
  Launcher launch;
  ProcessFinder find;
  /// Starts measuring the process under this name.
  std::function<std::error_code(std::string_view name, ProcessId pid)> track;
  const Log* log;
};

/// One name under supervision. Time is passed in; no function waits or blocks.
/// Not thread-safe.
class ManagedProcess {
 public:
  virtual ~ManagedProcess() = default;

  /// Called once, before any other function.
  virtual void start(const Moment& now) = 0;

  /// Reacts to what has happened since the last call and does what is due.
  virtual void update(const Moment& now) = 0;

  /// Asks the process to end if the daemon started it, and prevents further starts.
  virtual void stop(const Moment& now) = 0;

  /// Whether nothing that the daemon started runs, or will be started again.
  [[nodiscard]] virtual bool ended() const = 0;

  /// The latest time for the next update(), even if no event arrives.
  [[nodiscard]] virtual MonotonicTime next_deadline() const = 0;

  /// The exit status as a shell reports it: 127 or 126 if the process could not be started; 0 if it
  /// has not ended, or ended because it was asked to.
  [[nodiscard]] virtual int result() const { return 0; }

  /// Whether a process that could not be killed may still run.
  [[nodiscard]] virtual bool given_up() const { return false; }

  [[nodiscard]] virtual const ProcessStatus& status() const = 0;
};

/// Tells a new problem from one that persists, so that each is logged once.
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
