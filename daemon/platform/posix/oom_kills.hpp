#pragma once

#include <sys/types.h>

namespace provisr::daemon {

/// Whether the kernel reports an OOM kill in the cgroup of this child, which ended by SIGKILL and
/// is not collected yet. Each kill explains one end. False if the system does not report kills, or
/// if check_for_oom_kills() was called too long ago.
[[nodiscard]] bool was_oom_kill(pid_t pid);

}  // namespace provisr::daemon
