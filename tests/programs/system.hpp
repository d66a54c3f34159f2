#pragma once

#include <chrono>

/// What the child programs ask of the operating system; one source file for each system.
namespace provisr::child {

/// CPU time that this process has used so far, over all its threads.
std::chrono::nanoseconds cpu_time();

/// Makes this process deaf to polite requests to end (SIGTERM, SIGINT, SIGHUP).
void ignore_requests_to_end();

/// Opens one more descriptor, which stays open.
void open_descriptor();

/// Starts a copy of this process in the same process group that sleeps and then ends.
/// Returns the copy's process id. What this process ignores, the copy ignores too.
long start_sleeping_copy(std::chrono::seconds lifetime);

}  // namespace provisr::child
