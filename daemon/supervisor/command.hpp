#pragma once

#include "daemon/config/config.hpp"
#include "daemon/supervisor/exit_record.hpp"

#include <provisr/process_metrics.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A request from another thread to the supervisor.
struct Command {
  enum class Verb {
    start,
    stop,
    restart,
    reload,  ///< run and watch `processes`, and no others
  };
  enum class Scope {
    name,  ///< the process of that name
    base,  ///< its instances
  };

  Verb verb = Verb::start;
  Scope scope = Scope::name;
  std::string target;
  /// If set, the command is refused unless this process runs under the name, so that it cannot hit
  /// a later process.
  std::optional<ProcessId> pid = {};
  /// The reason in the exit records that the command causes; empty: that of the verb.
  std::optional<ExitReason> reason = {};
  std::vector<ProcessConfig> processes = {};
  /// For a reload: how long the history of a name outlives its removal from now on.
  std::chrono::nanoseconds history_ttl = default_history_ttl;
  /// For a reload: the time between two samples from now on.
  std::chrono::nanoseconds interval = default_interval;
};

/// The names that a reload has affected.
struct ReloadChanges {
  std::vector<std::string> started;
  std::vector<std::string> stopped;
  std::vector<std::string> restarted;
  std::vector<std::string> changed;  ///< go on with other settings

  [[nodiscard]] bool empty() const {
    return started.empty() && stopped.empty() && restarted.empty() && changed.empty();
  }
};

struct CommandReply {
  enum class Outcome {
    accepted,  ///< under way; one more reply follows
    done,      ///< all of them run or are stopped; a reload: applied, starts and stops under way
    failed,    ///< at least one could not; `error` says which one and why
    unknown,   ///< no process has that name or base, or the process `pid` has ended
    foreign,   ///< somebody else runs it
    busy,      ///< too many commands wait
    shutting_down,  ///< the daemon ends
  };

  Outcome outcome = Outcome::done;
  std::vector<std::string> names;  ///< of the processes that the command is for
  std::string error;               ///< one sentence; empty if accepted or done
  ReloadChanges changes = {};
};

/// Receives `accepted` and then `done` or `failed`, or else one refusal. A reload gets no
/// `accepted`. Called on the supervisor's thread, or within submit() if the command is refused at
/// once. Must neither block nor throw.
using ReplyHandler = std::function<void(const CommandReply&)>;

}  // namespace provisr::daemon
