#pragma once

#include <sys/types.h>

/// Steps between fork and exec that differ among POSIX systems. All are async-signal-safe, as the
/// child of a multithreaded program requires.
namespace provisr::daemon {

/// Forks without running the atfork handlers of libraries, which would write to pages all over the
/// parent and cause each to be copied. The child may make only async-signal-safe calls.
[[nodiscard]] pid_t fork_without_handlers() noexcept;

/// Makes the kernel send SIGTERM to this process when `parent` dies, if the kernel supports that.
/// Returns false if the parent is already dead.
[[nodiscard]] bool end_with_parent(pid_t parent) noexcept;

/// Closes every descriptor from `first` on. A system without a call that closes a range leaves
/// descriptors from `limit` on open.
void close_from(int first, int limit) noexcept;

}  // namespace provisr::daemon
