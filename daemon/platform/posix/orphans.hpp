#pragma once

#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace provisr::daemon {

/// Key of an environment entry that identifies a child: its value is unique on this machine, and
/// descendants inherit it.
constexpr std::string_view mark_key = "PROVISR_LAUNCH=";

/// Returns the orphans of the child with this `mark`: living children of `adopter` that are not in
/// `started` and have the entry `mark` ("KEY=value") in their environment. Empty if the system
/// cannot report them.
[[nodiscard]] std::vector<pid_t> marked_orphans(pid_t adopter, std::string_view mark,
                                                const std::unordered_set<pid_t>& started);

/// Signals the process group that an orphan leads, as most do; otherwise only the orphan.
void signal_orphan(pid_t orphan, int signal) noexcept;

}  // namespace provisr::daemon
