#pragma once

#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace provisr::daemon {

/// Returns the orphans of the child with this `mark`: living children of `adopter` that are not in
/// `started` and have the `mark` in their environment (see launch_mark.hpp). Empty if the system
/// cannot report them.
[[nodiscard]] std::vector<pid_t> marked_orphans(pid_t adopter, std::string_view mark,
                                                const std::unordered_set<pid_t>& started);

/// Signals the process group that an orphan leads, as most do; otherwise only the orphan.
void signal_orphan(pid_t orphan, int signal) noexcept;

}  // namespace provisr::daemon
