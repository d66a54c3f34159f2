#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/process_metrics.hpp>

#include <memory>
#include <optional>

namespace provisr::daemon {

/// Holds on to a process that need not be a child, so that how it ended can be told even if its PID
/// is in use again. Not thread-safe.
class ProcessHandle {
 public:
  virtual ~ProcessHandle() = default;

  /// Prepares to tell whether it will end for lack of memory, which nobody knows later. To be
  /// called while it runs; a no-op if the system does not tell.
  virtual void expect_end() {}

  /// How it ended; empty if it runs, if its parent has not asked yet, or if the system does not
  /// tell.
  [[nodiscard]] virtual std::optional<ExitStatus> exit_status() const = 0;

  /// Whether it has ended, waited for or not; empty if the system does not tell.
  [[nodiscard]] virtual std::optional<bool> has_ended() const = 0;

  /// Of the process that has this PID now. Null if there is none, or if this system never tells how
  /// a process ended that is no child.
  [[nodiscard]] static std::unique_ptr<ProcessHandle> open(ProcessId pid);
};

}  // namespace provisr::daemon
