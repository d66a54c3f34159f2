#pragma once

#include <provisr/process_metrics.hpp>

#include <functional>
#include <system_error>

namespace provisr::daemon {

/// Whether one process still runs; never true for a process that reuses its PID.
using IsAlive = std::function<bool()>;

/// Finds the process that has a PID now. Returns an empty function, with `error` set, if there is
/// none or if access to it is denied.
using ProcessFinder = std::function<IsAlive(ProcessId pid, std::error_code& error)>;

/// Finds processes of this machine. Not thread-safe, and neither is what it returns.
[[nodiscard]] ProcessFinder system_process_finder();

}  // namespace provisr::daemon
