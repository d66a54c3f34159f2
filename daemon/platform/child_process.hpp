#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace provisr::daemon {

struct ChildCommand {
  std::vector<std::string> argv;
  std::filesystem::path work_dir;  ///< empty: the daemon's
  std::vector<std::string> env;    ///< "KEY=value", added to the daemon's environment
  /// Inherits the daemon's standard input instead of /dev/null, unless it is a terminal, which a
  /// background process group may not read.
  bool inherit_stdin = false;
};

/// A child process and the group that it leads: its process group with the orphans that it has left
/// elsewhere (Linux, after adopt_orphans()), a Job on Windows. Not thread-safe; belongs to the
/// thread that created it.
class ChildProcess {
 public:
  /// Starts the command in a process group of its own, with no signal blocked or ignored, with the
  /// descriptor limit that the daemon was started with, and with only descriptors 0 to 2 open. A
  /// program without a slash is searched in PATH, that of `env` first; one with a slash is relative
  /// to work_dir. Returns nullptr and sets `error` if the program cannot be executed or work_dir
  /// cannot be entered; `what` then names the step and the object ("cannot execute /x/y",
  /// "cannot enter /srv").
  static std::unique_ptr<ChildProcess> start(const ChildCommand& command, std::error_code& error,
                                             std::string& what);

  /// Kills the rest of the group.
  virtual ~ChildProcess() = default;

  [[nodiscard]] virtual ProcessId pid() const = 0;

  /// Whether the process has ended. Its PID is not reused before collect_exit().
  [[nodiscard]] virtual bool has_ended() const = 0;

  /// How the process ended, once has_ended(). Releases its PID. May be called again.
  virtual ExitStatus collect_exit() = 0;

  /// Whether any process of the group, except for the leader's own zombie, still runs.
  [[nodiscard]] virtual bool group_alive() const = 0;

  /// Asks the whole group to end (SIGTERM; Ctrl-Break on Windows). If the process has ended by
  /// itself, to be called before collect_exit(): worker trees outlive their leader otherwise.
  /// Returns whether orphans were asked that had left the process group.
  virtual bool terminate_group() = 0;

  /// Ends the whole group (SIGKILL; TerminateJobObject on Windows).
  virtual void kill_group() = 0;
};

/// ChildProcess::start, or a replacement for tests.
using Launcher = std::function<std::unique_ptr<ChildProcess>(
    const ChildCommand& command, std::error_code& error, std::string& what)>;

}  // namespace provisr::daemon
