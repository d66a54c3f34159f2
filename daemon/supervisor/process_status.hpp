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
  match,     ///< somebody else runs it; it is found because it fits a `match`
};

enum class ProcessState {
  stopped,   ///< by a command; only another command starts it again
  starting,  ///< for start_duration, or until its program is executed
  running,
  backoff,   ///< waits for its start or its restart
  stopping,  ///< it, or what it left of its process group, has been asked to end
  exited,    ///< has ended and will not be restarted
  failed,    ///< could not be started, or ended too early too often; is not tried again
  absent,    ///< a process that somebody else runs does not exist
};

/// Returns "child", "pid_file" or "match".
[[nodiscard]] std::string_view to_text(ProcessKind kind);

/// Returns "running", "backoff" and so on.
[[nodiscard]] std::string_view to_text(ProcessState state);

/// The state of one managed process at one moment.
struct ProcessStatus {
  struct LastExit {
    ExitStatus status;
    Timestamp at;

    friend bool operator==(const LastExit&, const LastExit&) = default;
  };

  /// When the running process was started, on both clocks; the uptime uses the monotonic one.
  struct Started {
    Timestamp at;
    MonotonicTime monotonic;

    friend bool operator==(const Started&, const Started&) = default;
  };

  std::string name;
  ProcessKind kind = ProcessKind::child;
  ProcessState state = ProcessState::backoff;
  std::optional<ProcessId> pid;       ///< of the running process
  std::optional<Started> started;     ///< of the running process, if the system reports it
  std::uint64_t restarts = 0;         ///< starts after the first, failed ones included
  std::optional<LastExit> last_exit;  ///< children only
  std::string last_error;  ///< the latest problem, such as why there is no process; or empty
  std::optional<MonotonicTime> next_start = {};  ///< in backoff: when the process is started
  /// The files that the output is appended to; empty: the daemon's own streams.
  std::filesystem::path stdout_file = {};
  std::filesystem::path stderr_file = {};

  friend bool operator==(const ProcessStatus&, const ProcessStatus&) = default;
};

/// In the order of the configuration. Successive lists share unchanged entries.
using StatusList = std::vector<std::shared_ptr<const ProcessStatus>>;
using SharedStatusList = std::shared_ptr<const StatusList>;

}  // namespace provisr::daemon
