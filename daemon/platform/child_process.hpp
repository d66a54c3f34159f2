#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace provisr::daemon {

struct ChildCommand {
  std::vector<std::string> argv;
  std::filesystem::path work_dir;  ///< empty: the daemon's
  std::vector<std::string> env;    ///< "KEY=value", added to the daemon's environment
  /// Reads what the daemon reads instead of nothing; except from a terminal, which a process
  /// group in the background may not read.
  bool inherit_stdin = false;
};

/// A child process and its process group (a Job on Windows), which it leads.
/// Implemented in daemon/platform. Not thread-safe; belongs to the thread that made it.
class ChildProcess {
 public:
  /// Starts the command in a process group of its own, with no signal blocked or ignored, with the
  /// descriptor limit that the daemon was started with, and with no descriptors but the standard
  /// ones. A program without a slash is looked for in PATH, that of `env` first; one with a slash
  /// is relative to work_dir. When the program cannot be executed or work_dir cannot be entered,
  /// returns nullptr and sets `error`; `what` then names the step and the object
  /// ("cannot execute /x/y", "cannot enter /srv").
  static std::unique_ptr<ChildProcess> start(const ChildCommand& command, std::error_code& error,
                                             std::string& what);

  /// Kills what still runs of the group.
  virtual ~ChildProcess() = default;

  [[nodiscard]] virtual ProcessId pid() const = 0;

  /// How the process ended, once it has: never blocks. What is left of its group has been asked
  /// to end by then (worker trees outlive their leader otherwise).
  [[nodiscard]] virtual std::optional<ExitStatus> poll_exit() = 0;

  /// Whether any process of the group, the leader's own zombie aside, still runs.
  [[nodiscard]] virtual bool group_alive() const = 0;

  /// Asks the whole group to end (SIGTERM; Ctrl-Break on Windows).
  virtual void terminate_group() = 0;

  /// Ends the whole group (SIGKILL; TerminateJobObject on Windows).
  virtual void kill_group() = 0;
};

/// ChildProcess::start, or what a test puts in its place.
using Launcher = std::function<std::unique_ptr<ChildProcess>(
    const ChildCommand& command, std::error_code& error, std::string& what)>;

}  // namespace provisr::daemon
