#pragma once

#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace provisr::daemon {

/// The entry of the environment of each child that no other child of this machine has, and that its
/// descendants inherit: "KEY=value".
constexpr std::string_view mark_key = "PROVISR_LAUNCH=";

/// The living children of `adopter`, apart from `started`, whose environment holds the entry
/// `mark`: orphans that it has adopted. Empty if the system cannot tell.
[[nodiscard]] std::vector<pid_t> marked_orphans(pid_t adopter, std::string_view mark,
                                                const std::unordered_set<pid_t>& started);

/// Signals the group that an orphan leads, as most do, or else it alone.
void signal_orphan(pid_t orphan, int signal) noexcept;

}  // namespace provisr::daemon
