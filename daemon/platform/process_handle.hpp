#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/process_metrics.hpp>

#include <memory>
#include <optional>

namespace provisr::daemon {

/// A handle to a process that need not be a child. It can report how the process ended even after
/// PID reuse. Not thread-safe.
class ProcessHandle {
 public:
  virtual ~ProcessHandle() = default;

  /// Prepares for detecting an end by the OOM killer, which cannot be detected later. Call it while
  /// the process runs. A no-op if the system does not report such kills.
  virtual void expect_end() {}

  /// Has EndedChildren report the end of the process while this object lives. Returns false if the
  /// system cannot; has_ended() must be asked then.
  [[nodiscard]] virtual bool announce_end() { return false; }

  /// Returns how the process ended; empty if it still runs, if its parent has not collected it yet,
  /// or if the system does not report it.
  [[nodiscard]] virtual std::optional<ExitStatus> exit_status() const = 0;

  /// Whether the process has ended, collected or not; empty if the system does not report it.
  [[nodiscard]] virtual std::optional<bool> has_ended() const = 0;

  /// Opens the process that has this PID now. Returns null if there is none, or if this system
  /// reports exit statuses only of children.
  [[nodiscard]] static std::unique_ptr<ProcessHandle> open(ProcessId pid);
};

}  // namespace provisr::daemon
