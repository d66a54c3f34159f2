#pragma once

#include <sys/types.h>

/// Steps between fork and exec that differ among POSIX systems. All of them are async-signal-safe,
/// as the child of a multithreaded program requires.
namespace provisr::daemon {

/// fork() for a child that makes async-signal-safe calls alone: without the handlers of libraries,
/// which would write to pages all over the parent just for that, and have each copied.
[[nodiscard]] pid_t fork_without_handlers() noexcept;

/// Lets the kernel ask this process to end when `parent` dies, if the kernel offers that.
/// Returns false if the parent is dead already.
[[nodiscard]] bool end_with_parent(pid_t parent) noexcept;

/// Closes every descriptor from `first` on. `limit`: no descriptor is that high; a system without a
/// call for all of them may leave very high ones open.
void close_from(int first, int limit) noexcept;

}  // namespace provisr::daemon
