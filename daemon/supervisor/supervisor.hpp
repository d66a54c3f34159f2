#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/platform/events.hpp"
#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/registry.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace provisr::daemon {

/// The world around a supervisor, for tests to replace.
struct SupervisorOptions {
  Launcher launch = &ChildProcess::start;
  ProcessFinder find = system_process_finder();
  const Clock* clock = &Clock::system();  ///< must outlive the supervisor
};

/// Runs the configured children, watches the processes that others run, and tells the registry
/// of both. Destroying it kills what still runs.
///
/// Thread safety: status() may be called from any thread at any time. All else belongs to one
/// thread, which must not end before the supervisor: on Linux the children are asked to end when
/// the thread that started them does.
class Supervisor {
 public:
  enum class Until {
    stopped,
    all_exited,  ///< for one command; if it is one process, it reads the daemon's stdin
  };

  /// `registry` and `log` must outlive the supervisor. Declares every name to the registry.
  Supervisor(const std::vector<ProcessConfig>& processes, Registry& registry, const Log& log,
             Until until, SupervisorOptions options = {});

  /// Starts everything. Whatever cannot be started is a state of that process, not an error.
  void start();

  /// Looks after the processes until a stop is requested, and all children have ended then, or
  /// in Until::all_exited until all children have ended. Returns exit_status().
  [[nodiscard]] int run(Events& events);

  /// The steps that run() consists of.
  void update();
  void request_stop();
  [[nodiscard]] bool finished() const;
  [[nodiscard]] MonotonicTime next_deadline() const;

  /// 1 where a process could not even be killed. In Until::all_exited that of the first child
  /// that ended by itself with another status than 0, as a shell reports it (127: not found, 126:
  /// not executable). Else 0.
  [[nodiscard]] int exit_status() const;

  /// The processes in the order of the configuration.
  [[nodiscard]] std::vector<ProcessStatus> status() const;

 private:
  void add(const ProcessConfig& config, bool inherit_stdin, Registry& registry);
  void publish();
  [[nodiscard]] Moment now() const;
  [[nodiscard]] bool all_ended() const;

  Until until_;
  SupervisorOptions options_;
  ProcessServices services_;
  std::vector<std::unique_ptr<ManagedProcess>> processes_;
  bool stop_requested_ = false;

  mutable std::mutex status_mutex_;
  std::vector<ProcessStatus> published_;  ///< of status_mutex_
};

}  // namespace provisr::daemon
