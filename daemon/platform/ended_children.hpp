#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/tracking.hpp>

#include <optional>

namespace provisr::daemon {

/// The children of this program that have ended and are not collected yet, whoever started them,
/// and the processes that were taken over by adopt_child() or whose end was to be announced. Not
/// thread-safe; belongs to the thread that starts the children.
class EndedChildren {
 public:
  virtual ~EndedChildren() = default;

  /// Returns an ended child, or nothing. Costs two system calls, however many children run. POSIX:
  /// returns the same child until it is collected, and any other process once for each change.
  /// Windows: returns each child once.
  [[nodiscard]] virtual std::optional<ProcessId> next() = 0;

  /// Returns what an ended child used. The child must not be a ChildProcess and not be reaped yet.
  /// Empty if the system does not report it.
  [[nodiscard]] virtual std::optional<EndedChild> describe(ProcessId /*pid*/) const { return {}; }

  /// Collects a child that is not a ChildProcess, such as an adopted orphan.
  virtual void reap(ProcessId pid) = 0;

  /// Returns the ended children of this program; the object lives as long as the program.
  [[nodiscard]] static EndedChildren& system();
};

/// Makes this program, instead of process 1, the parent of orphans that its children leave (Linux;
/// a no-op elsewhere). EndedChildren reports their ends.
void adopt_orphans();

}  // namespace provisr::daemon
