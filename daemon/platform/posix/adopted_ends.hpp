#pragma once

#include <provisr/process_metrics.hpp>

#include <optional>

/// Reports the ends of processes that adopt_child() took over. Belongs to the supervisor's thread.
namespace provisr::daemon {

/// Returns a descriptor that is readable if has_adopted_end(); -1 if that never happens.
[[nodiscard]] int adopted_ends_descriptor() noexcept;

/// Whether next_adopted_end() has a result.
[[nodiscard]] bool has_adopted_end() noexcept;

/// Returns a process that has ended or that its parent has collected.
[[nodiscard]] std::optional<ProcessId> next_adopted_end();

}  // namespace provisr::daemon
