#pragma once

#include <provisr/process_metrics.hpp>

#include <functional>
#include <system_error>

namespace provisr::daemon {

/// Whether one process still runs; never true for another one that got its PID later.
using IsAlive = std::function<bool()>;

/// Finds the process that has a PID now. Returns an empty function, with `error` set, where there
/// is none or where it may not be looked at.
using ProcessFinder = std::function<IsAlive(ProcessId pid, std::error_code& error)>;

/// Looks at the processes of this machine. What it returns belongs to one thread.
[[nodiscard]] ProcessFinder system_process_finder();

}  // namespace provisr::daemon
