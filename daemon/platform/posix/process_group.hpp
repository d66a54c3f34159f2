#pragma once

#include <sys/types.h>

namespace provisr::daemon {

/// Returns the PID of a live member of this group, preferring `known`; 0 if there is none. Zombies
/// do not count if the system can identify them: if init reaps late, or never as in many
/// containers, they must not look like a process that refuses to end.
[[nodiscard]] pid_t living_member(pid_t group, pid_t known);

/// Returns whether the process has executed no program since it was forked, not even if it is a
/// zombie by now. Returns false if the system cannot tell (macOS, a foreign /proc).
[[nodiscard]] bool is_unexecuted_fork(pid_t pid);

}  // namespace provisr::daemon
