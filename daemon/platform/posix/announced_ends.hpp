#pragma once

#include <provisr/process_metrics.hpp>

#include <optional>

/// Reports the ends of processes that are not children of this program. Belongs to the supervisor's
/// thread.
namespace provisr::daemon {

/// Has the end of the process reported, and once more when its parent has collected it (Linux 6.9),
/// until the pidfd is closed. Returns false if that is not possible.
[[nodiscard]] bool announce_end(int pidfd, ProcessId pid) noexcept;

/// Returns a descriptor that is readable while next_announced_end() has a result; -1 if that never
/// happens.
[[nodiscard]] int announced_ends_descriptor() noexcept;

/// Returns a process that has ended or that its parent has collected.
[[nodiscard]] std::optional<ProcessId> next_announced_end();

}  // namespace provisr::daemon
