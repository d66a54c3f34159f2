#pragma once

#include <chrono>

/// Operating system functions for provisr_child; one source file for each system.
namespace provisr::child {

/// Returns the CPU time that this process has used so far, over all threads.
std::chrono::nanoseconds cpu_time();

/// Makes this process ignore requests to end: SIGTERM, SIGINT and SIGHUP; console events on
/// Windows.
void ignore_requests_to_end();

/// Opens one more descriptor, which stays open.
void open_descriptor();

/// Starts a copy of this process in the same process group. The copy sleeps for `lifetime` and
/// ends. On POSIX systems it ignores the same signals as this process. Returns its PID.
long start_sleeping_copy(std::chrono::seconds lifetime);

}  // namespace provisr::child
