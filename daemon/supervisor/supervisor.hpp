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

/// Dependencies of a supervisor; tests replace them.
struct SupervisorOptions {
  Launcher launch = &ChildProcess::start;
  ProcessFinder find = system_process_finder();
  const Clock* clock = &Clock::system();  ///< must outlive the supervisor
};

/// Runs the configured children, watches processes that others run, and registers both for
/// measuring. The destructor kills children that still run.
///
/// Thread safety: status() may be called from any thread at any time. Everything else belongs to
/// one thread, which must outlive the supervisor: on Linux, children receive SIGTERM when the
/// thread that started them ends.
class Supervisor {
 public:
  enum class Until {
    stopped,
    all_exited,  ///< for one command; if it is one process, it reads the daemon's stdin
  };

  /// `registry` and `log` must outlive the supervisor. Declares every name to the registry.
  Supervisor(const std::vector<ProcessConfig>& processes, Registry& registry, const Log& log,
             Until until, SupervisorOptions options = {});

  /// Starts all processes. A failed start is a state of that process, not an error.
  void start();

  /// Looks after the processes until a stop is requested, and all children have ended then, or
  /// in Until::all_exited until all children have ended. Returns exit_status().
  [[nodiscard]] int run(Events& events);

  /// The steps of run().
  void update();
  void request_stop();
  [[nodiscard]] bool finished() const;
  [[nodiscard]] MonotonicTime next_deadline() const;

  /// Returns 1 if a process could not be killed; otherwise, with Until::all_exited, that of the
  /// first child that ended by itself with another status than 0, as a shell reports it (127: not
  /// found, 126: not executable). Else 0.
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
