#pragma once

#include <provisr/process_metrics.hpp>

#include <functional>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// Whether one process still runs; never true for a process that reuses its PID.
using IsAlive = std::function<bool()>;

/// Finds the process that has a PID now. Returns an empty function, with `error` set, if there is
/// none or if access to it is denied.
using ProcessFinder = std::function<IsAlive(ProcessId pid, std::error_code& error)>;

/// Whether PIDs mean the same where processes are measured as in system calls: false if /proc is
/// that of another PID namespace (Linux).
[[nodiscard]] bool measures_own_pids();

/// Why a process cannot be measured, in words. `exists`: some process has its PID.
[[nodiscard]] std::string reason_of(const std::error_code& error, bool exists);

/// Finds processes of this machine. Not thread-safe, and neither is what it returns.
[[nodiscard]] ProcessFinder system_process_finder();

}  // namespace provisr::daemon
