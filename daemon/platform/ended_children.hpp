#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/tracking.hpp>

#include <optional>

namespace provisr::daemon {

/// The children of this program that have ended and have not been collected, whoever started them,
/// and those that it has taken over (adopt_child).
/// Not thread-safe; belongs to the thread that starts the children.
class EndedChildren {
 public:
  virtual ~EndedChildren() = default;

  /// One of them, at the cost of two system calls however many children run. POSIX: the same one
  /// again until it is collected, one that was taken over once for each change. Windows: each once.
  [[nodiscard]] virtual std::optional<ProcessId> next() = 0;

  /// What it has used, of one that is no ChildProcess and was not reaped; empty if the system does
  /// not tell.
  [[nodiscard]] virtual std::optional<EndedChild> describe(ProcessId /*pid*/) const { return {}; }

  /// Collects one that is no ChildProcess, such as an adopted orphan.
  virtual void reap(ProcessId pid) = 0;

  /// Those of this program; lives as long as the program.
  [[nodiscard]] static EndedChildren& system();
};

/// Makes this program the parent of what its children leave behind, instead of process 1 (Linux; a
/// no-op elsewhere). They end up in EndedChildren.
void adopt_orphans();

}  // namespace provisr::daemon
