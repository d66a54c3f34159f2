#pragma once

#include <sys/types.h>

namespace provisr::daemon {

/// Whether the kernel says that it has killed for lack of memory in the cgroup of this child, which
/// was ended by SIGKILL and has not been collected. Each kill explains one end. False if the system
/// does not tell, or if look_for_oom_kills() was called too long ago.
[[nodiscard]] bool was_oom_kill(pid_t pid);

}  // namespace provisr::daemon
