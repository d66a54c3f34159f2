#pragma once

#include <sys/types.h>

namespace provisr::daemon {

/// Begins to count the kills in this program's cgroup; to be called before the first child ends.
void count_oom_kills();

/// Whether the kernel says that it has killed for lack of memory in the cgroup of this child, which
/// was ended by SIGKILL and has not been collected. Each kill explains one end. False if the system
/// does not tell.
[[nodiscard]] bool was_oom_kill(pid_t pid);

}  // namespace provisr::daemon
