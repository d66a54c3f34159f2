#pragma once

#include <span>
#include <sys/types.h>

/// Steps between fork and exec that differ among POSIX systems. All are async-signal-safe, as the
/// child of a multithreaded program requires.
namespace provisr::daemon {

/// Forks a child that soon executes a program. It may make only async-signal-safe calls, and may
/// access only its stack, static variables and pages of map_zeros(): the heap may be missing, and
/// no atfork handler runs if that can be avoided. Copying what the child does not need would take
/// most of the time of a start. Not thread-safe.
[[nodiscard]] pid_t fork_for_exec() noexcept;

/// Changes the groups and all IDs of this process, which has one thread. Returns false, with errno
/// set, if that is not allowed.
[[nodiscard]] bool change_ids(uid_t user, gid_t group, std::span<const gid_t> groups) noexcept;

/// Makes the kernel send SIGTERM to this process when `parent` dies, if the kernel supports that.
/// Returns false if the parent is already dead.
[[nodiscard]] bool end_with_parent(pid_t parent) noexcept;

/// Closes every descriptor from `first` on. A system without a call that closes a range leaves
/// descriptors from `limit` on open.
void close_from(int first, int limit) noexcept;

}  // namespace provisr::daemon
