#pragma once

#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace provisr::daemon {

/// The living children of this program, apart from `started`, whose environment holds the entry
/// `mark` ("KEY=value"): orphans that it has adopted. Empty if the system cannot tell.
[[nodiscard]] std::vector<pid_t> marked_orphans(std::string_view mark,
                                                const std::unordered_set<pid_t>& started);

}  // namespace provisr::daemon
