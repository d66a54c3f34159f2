#pragma once

#include <functional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// What another thread asks of the supervisor.
struct Command {
  enum class Verb { start, stop, restart };
  enum class Scope {
    name,  ///< the process of that name
    base,  ///< its instances
  };

  Verb verb = Verb::start;
  Scope scope = Scope::name;
  std::string target;
};

struct CommandReply {
  enum class Outcome {
    accepted,       ///< under way; one more reply follows
    done,           ///< all of them run, or are stopped
    failed,         ///< not all of them: `error` says which one and why
    unknown,        ///< nothing has that name or base
    foreign,        ///< somebody else runs it
    shutting_down,  ///< the daemon ends
  };

  Outcome outcome = Outcome::done;
  std::vector<std::string> names;  ///< the processes that it is about
  std::string error;               ///< one sentence, unless it is accepted or done
};

/// Receives `accepted` and then `done` or `failed`, or else one refusal. Called on the supervisor's
/// thread, or within submit() if the supervisor has ended. Must neither block nor throw.
using ReplyHandler = std::function<void(const CommandReply&)>;

}  // namespace provisr::daemon
