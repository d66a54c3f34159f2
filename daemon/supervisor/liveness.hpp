#pragma once

#include <provisr/process_metrics.hpp>

#include <functional>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// Returns whether one process still runs; never true for a process that reuses its PID.
using IsAlive = std::function<bool()>;

/// Finds the process that has a PID now. Returns an empty function, with `error` set, if there is
/// none or if access to it is denied.
using ProcessFinder = std::function<IsAlive(ProcessId pid, std::error_code& error)>;

/// Returns whether a PID names the same process when measuring as in system calls. False if /proc
/// is that of another PID namespace (Linux).
[[nodiscard]] bool measures_own_pids();

/// Returns why a process cannot be measured, in words. `exists`: whether some process has its PID.
[[nodiscard]] std::string reason_of(const std::error_code& error, bool exists);

/// Returns a finder of this machine's processes. Neither it nor its results are thread-safe.
[[nodiscard]] ProcessFinder system_process_finder();

}  // namespace provisr::daemon
