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

/// What another thread asks of the supervisor.
struct Command {
  enum class Verb {
    start,
    stop,
    restart,
    reload,  ///< to run and watch `processes`, and no others
  };
  enum class Scope {
    name,  ///< the process of that name
    base,  ///< its instances
  };

  Verb verb = Verb::start;
  Scope scope = Scope::name;
  std::string target;
  /// Only if this process runs under the name: what comes after it is not meant. Empty: whatever
  /// does.
  std::optional<ProcessId> pid = {};
  /// What the records of ends that it causes say; empty: as the verb.
  std::optional<ExitReason> reason = {};
  std::vector<ProcessConfig> processes = {};
  /// How long the history of a name outlives its removal, from a reload on.
  std::chrono::nanoseconds history_ttl = default_history_ttl;
  /// The time between two samples, from a reload on.
  std::chrono::nanoseconds interval = default_interval;
};

/// The names that a reload was about.
struct ReloadChanges {
  std::vector<std::string> started;
  std::vector<std::string> stopped;
  std::vector<std::string> restarted;
  std::vector<std::string> changed;  ///< what goes on under other rules

  [[nodiscard]] bool empty() const {
    return started.empty() && stopped.empty() && restarted.empty() && changed.empty();
  }
};

struct CommandReply {
  enum class Outcome {
    accepted,       ///< under way; one more reply follows
    done,           ///< all of them run, or are stopped; a reload is under way
    failed,         ///< not all of them: `error` says which one and why
    unknown,        ///< nothing has that name or base, or the process that is meant has ended
    foreign,        ///< somebody else runs it
    busy,           ///< too many commands wait
    shutting_down,  ///< the daemon ends
  };

  Outcome outcome = Outcome::done;
  std::vector<std::string> names;  ///< the processes that it is about
  std::string error;               ///< one sentence, unless it is accepted or done
  ReloadChanges changes = {};
};

/// Receives `accepted` and then `done` or `failed`, or else one refusal; of a reload only the last.
/// Called on the supervisor's thread, or within submit() if the supervisor has ended. Must neither
/// block nor throw.
using ReplyHandler = std::function<void(const CommandReply&)>;

}  // namespace provisr::daemon
