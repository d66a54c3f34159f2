#pragma once

#include "daemon/platform/exit_status.hpp"
#include "daemon/platform/signal_names.hpp"
#include "daemon/platform/user_account.hpp"

#include <provisr/process_metrics.hpp>
#include <provisr/tracking.hpp>

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
  /// Identifies this start among all on the machine. On Linux, the child and its descendants have
  /// it in their environment, which tells their orphans from others.
  std::string launch_id = {};
  std::filesystem::path work_dir;  ///< empty: the daemon's
  /// "KEY=value"; a value may refer to other variables as `${NAME}`.
  std::vector<std::string> env;
  /// Files that the output is appended to, created if missing. Relative to the daemon's working
  /// directory; empty: the daemon's own stream.
  std::filesystem::path stdout_file = {};
  std::filesystem::path stderr_file = {};
  /// Created before the output files are opened; empty: none
  std::filesystem::path log_directory = {};
  std::optional<UserAccount> account = {};  ///< the user to run as; empty: the daemon's
  /// Inherits the daemon's standard input instead of /dev/null. A terminal is never inherited
  /// because a background process group may not read it.
  bool inherit_stdin = false;
  /// The child survives the daemon. It executes its program only after ChildProcess::release(), so
  /// that the daemon can record it first. Requires that there is no obstacle_to_adoption().
  bool outlives_daemon = false;
  /// Whether `env` is added to the daemon's environment. If false, the child gets only `env`, the
  /// variables of `account` and those that the system itself needs.
  bool inherit_env = true;
};

/// Why a command was not started.
struct StartFailure {
  std::error_code error;
  std::string what;  ///< the step and its object: "cannot execute /x/y", "cannot enter /srv"
};

/// The progress of a start.
enum class Execution {
  /// The program does not run yet. This lasts milliseconds unless the program, or a folder or file
  /// that it needs, is on a file system that does not answer.
  pending,
  done,
  failed,  ///< the process is ending
};

/// A child process and the group that it leads. On POSIX systems, the group is the process group;
/// on Linux, after adopt_orphans(), also orphans that have left it. On Windows, the group is a Job.
/// Not thread-safe; belongs to the thread that created it.
class ChildProcess {
 public:
  /// Starts the command in a process group of its own. The child has no blocked or ignored signals,
  /// the descriptor limit that the daemon was started with, and only descriptors 0 to 2 open. A
  /// program without a slash is searched in PATH (`env` overrides the daemon's); one with a slash
  /// is relative to work_dir. Output files are opened with the daemon's rights; work_dir is entered
  /// with those of `account`. Does not wait until the program is executed: see execution(). Returns
  /// nullptr and sets `failure` if no process can be created.
  static std::unique_ptr<ChildProcess> start(const ChildCommand& command, StartFailure& failure);

  /// Kills the rest of the group unless the child outlives the daemon.
  virtual ~ChildProcess() = default;

  [[nodiscard]] virtual ProcessId pid() const = 0;

  /// Returns the progress of the start without blocking; sets `failure` if it failed. Returns
  /// `done` if the process was killed before it could execute the program.
  [[nodiscard]] virtual Execution execution(StartFailure& failure) = 0;

  /// Whether the process has ended. Its PID is not reused before collect_exit().
  [[nodiscard]] virtual bool has_ended() const = 0;

  /// Returns how the process ended and releases its PID. Call it after has_ended() returned true.
  /// Empty if the system does not report it. May be called again.
  virtual std::optional<ExitStatus> collect_exit() = 0;

  /// Returns the peak memory of the process or of one that it waited for, in bytes, after
  /// collect_exit(). At least what the daemon used when it started the process. Empty if the system
  /// does not report it.
  [[nodiscard]] virtual std::optional<std::uint64_t> memory_peak() const = 0;

  /// Returns the system's count of the CPU time of the process and of all that it has started; null
  /// if there is none. May be called after the end of this object.
  [[nodiscard]] virtual CpuTimeCount cpu_time_count() const { return {}; }

  /// Returns the process that adopts orphans of the group; 0 if there is none.
  [[nodiscard]] virtual ProcessId adopter() const { return 0; }

  /// Whether any process of the group still runs; a zombie leader does not count.
  [[nodiscard]] virtual bool group_alive() const = 0;

  /// Asks the whole group to end: sends `signal` and then SIGCONT, because a stopped process
  /// handles no signal, or Ctrl-Break on Windows. If the leader has ended on its own, call this
  /// before collect_exit(); otherwise its workers outlive it. Returns whether orphans that had left
  /// the process group were asked.
  virtual bool terminate_group(int signal) = 0;
  bool terminate_group() { return terminate_group(default_stop_signal); }

  /// Ends the whole group (SIGKILL; TerminateJobObject on Windows).
  virtual void kill_group() = 0;

  /// Lets a child that outlives the daemon execute its program.
  virtual void release() {}
};

/// ChildProcess::start, or a replacement for tests.
using Launcher = std::function<std::unique_ptr<ChildProcess>(const ChildCommand& command,
                                                             StartFailure& failure)>;

}  // namespace provisr::daemon
