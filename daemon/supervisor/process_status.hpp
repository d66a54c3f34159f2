#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

enum class ProcessKind {
  child,     ///< provisrd runs it
  pid_file,  ///< somebody else runs it; a file names its PID
  match,     ///< somebody else runs it; it is found by what it is
};

enum class ProcessState {
  stopped,   ///< by a command; not started again but by another one
  starting,  ///< for start_duration, or until its program is executed
  running,
  backoff,   ///< waits for its start or its restart
  stopping,  ///< it, or what it left of its process group, has been asked to end
  exited,    ///< has ended and will not be restarted
  failed,    ///< could not be started, or not for long, and will not be tried again
  absent,    ///< somebody else's, and not there
};

/// "child", "pid_file", "match".
[[nodiscard]] std::string_view to_text(ProcessKind kind);

/// "running", "backoff" and so on.
[[nodiscard]] std::string_view to_text(ProcessState state);

/// What is known of one managed process at one moment.
struct ProcessStatus {
  struct LastExit {
    ExitStatus status;
    Timestamp at;

    friend bool operator==(const LastExit&, const LastExit&) = default;
  };

  /// When the running process was started: the uptime is of the monotonic clock.
  struct Started {
    Timestamp at;
    MonotonicTime monotonic;

    friend bool operator==(const Started&, const Started&) = default;
  };

  std::string name;
  ProcessKind kind = ProcessKind::child;
  ProcessState state = ProcessState::backoff;
  std::optional<ProcessId> pid;       ///< of the running process
  std::optional<Started> started;     ///< the running process, if the system tells
  std::uint64_t restarts = 0;         ///< starts after the first, failed ones included
  std::optional<LastExit> last_exit;  ///< children only
  std::string last_error;             ///< why there is no process or none to be found, or empty
  std::optional<MonotonicTime> next_start = {};  ///< in backoff: when it is started
  /// What its output is appended to, if it has files of its own.
  std::filesystem::path stdout_file = {};
  std::filesystem::path stderr_file = {};

  friend bool operator==(const ProcessStatus&, const ProcessStatus&) = default;
};

/// In the order of the configuration. Lists share the entries that are the same in both.
using StatusList = std::vector<std::shared_ptr<const ProcessStatus>>;
using SharedStatusList = std::shared_ptr<const StatusList>;

}  // namespace provisr::daemon
