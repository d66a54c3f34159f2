#pragma once

#include <provisr/process_metrics.hpp>

#include <optional>

/// The ends of processes that were taken over by adopt_child(). Of the supervisor's thread.
namespace provisr::daemon {

/// Has input if has_adopted_end(); -1: it never has.
[[nodiscard]] int adopted_ends_descriptor() noexcept;

/// Whether next_adopted_end() has something to tell.
[[nodiscard]] bool has_adopted_end() noexcept;

/// One of which something has changed: it has ended, or its parent has collected it.
[[nodiscard]] std::optional<ProcessId> next_adopted_end();

}  // namespace provisr::daemon
