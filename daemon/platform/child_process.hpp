#pragma once

#include "daemon/platform/exit_status.hpp"
#include "daemon/platform/signal_names.hpp"
#include "daemon/platform/user_account.hpp"

#include <provisr/process_metrics.hpp>

#include <cstdint>
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
  /// "KEY=value", with references as `${NAME}` in the value.
  std::vector<std::string> env;
  /// Files that its output is appended to, created if they are missing, relative to the daemon's
  /// working directory; empty: the daemon's own stream.
  std::filesystem::path stdout_file = {};
  std::filesystem::path stderr_file = {};
  std::filesystem::path log_directory = {};  ///< made before these are opened; empty: none
  std::optional<UserAccount> account = {};   ///< whose it is; empty: the daemon's
  /// Inherits the daemon's standard input instead of /dev/null, unless it is a terminal, which a
  /// background process group may not read.
  bool inherit_stdin = false;
  /// Lives on if the daemon ends before it, and is executed only after ChildProcess::release(): the
  /// daemon writes down who it is first. Where can_adopt_children() only.
  bool outlives_daemon = false;
  /// Whether `env` is added to the daemon's environment. Otherwise it is all there is, with what
  /// `account` says and what the system itself needs.
  bool inherit_env = true;
};

/// Why a command was not started.
struct StartFailure {
  std::error_code error;
  std::string what;  ///< the step and the object: "cannot execute /x/y", "cannot enter /srv"
};

/// How far a start is.
enum class Execution {
  /// The program does not run yet. That is over in milliseconds, unless it or a folder or a file
  /// that it needs lies on a file system that does not answer.
  pending,
  done,
  failed,  ///< the process ends
};

/// A child process and the group that it leads: its process group with the orphans that it has left
/// elsewhere (Linux, after adopt_orphans()), a Job on Windows. Not thread-safe; belongs to the
/// thread that created it.
class ChildProcess {
 public:
  /// Starts the command in a process group of its own, with no signal blocked or ignored, with the
  /// descriptor limit that the daemon was started with, and with only descriptors 0 to 2 open. A
  /// program without a slash is searched in PATH, that of `env` first; one with a slash is relative
  /// to work_dir. Output files are opened with the daemon's rights, work_dir is entered with those
  /// of `account`. Does not wait for the program to be executed: see execution(). Returns nullptr
  /// and sets `failure` if there can be no process.
  static std::unique_ptr<ChildProcess> start(const ChildCommand& command, StartFailure& failure);

  /// Kills the rest of the group, unless it outlives the daemon.
  virtual ~ChildProcess() = default;

  [[nodiscard]] virtual ProcessId pid() const = 0;

  /// Sets `failure` if it failed. Never blocks. `done` of a process that was killed before it could
  /// execute the program.
  [[nodiscard]] virtual Execution execution(StartFailure& failure) = 0;

  /// Whether the process has ended. Its PID is not reused before collect_exit().
  [[nodiscard]] virtual bool has_ended() const = 0;

  /// How the process ended, once has_ended(); empty if the system does not tell. Releases its PID.
  /// May be called again.
  virtual std::optional<ExitStatus> collect_exit() = 0;

  /// The most memory that it, or a process that it waited for, was seen to use, in bytes, once
  /// collect_exit() was called; at least what the daemon used at its start. Empty if the system
  /// does not tell.
  [[nodiscard]] virtual std::optional<std::uint64_t> memory_peak() const = 0;

  /// Whether any process of the group, except for the leader's own zombie, still runs.
  [[nodiscard]] virtual bool group_alive() const = 0;

  /// Asks the whole group to end (by `signal` and, as a stopped process heeds none, SIGCONT;
  /// Ctrl-Break on Windows). If the process has
  /// ended by itself, to be called before collect_exit(): worker trees outlive their leader
  /// otherwise. Returns whether orphans were asked that had left the process group.
  virtual bool terminate_group(int signal) = 0;
  bool terminate_group() { return terminate_group(default_stop_signal); }

  /// Ends the whole group (SIGKILL; TerminateJobObject on Windows).
  virtual void kill_group() = 0;

  /// Lets one that outlives the daemon be executed.
  virtual void release() {}
};

/// ChildProcess::start, or a replacement for tests.
using Launcher = std::function<std::unique_ptr<ChildProcess>(const ChildCommand& command,
                                                             StartFailure& failure)>;

}  // namespace provisr::daemon
