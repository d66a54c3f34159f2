#pragma once

#include <sys/types.h>

/// What a new child does between fork and exec that differs from one POSIX system to another.
/// All of it is async-signal-safe: the child of a program with threads may do nothing else.
namespace provisr::daemon {

/// Lets the kernel ask this process to end when `parent` dies, if the kernel offers that.
/// Returns false where the parent has died already.
[[nodiscard]] bool end_with_parent(pid_t parent) noexcept;

/// Marks every open descriptor from `first` on to be closed by exec. `limit`: no descriptor is
/// that high; a system without a call for all of them may leave very high ones unmarked.
void close_on_exec_from(int first, int limit) noexcept;

}  // namespace provisr::daemon
