#pragma once

#include <sys/types.h>

namespace provisr::daemon {

/// The PID of some process of this group that runs, `known` if it is still one; 0 for none. Where
/// the system can tell, zombies do not count: an init that collects them late, or never as in
/// many containers, must not look like a process that refuses to end.
[[nodiscard]] pid_t living_member(pid_t group, pid_t known);

}  // namespace provisr::daemon
