#pragma once

#include "lib/platform/linux/proc_text.hpp"

#include <optional>
#include <sys/types.h>
#include <vector>

namespace provisr::daemon {

/// Returns all processes that /proc shows; empty if it cannot be read.
[[nodiscard]] std::vector<pid_t> all_processes();

/// Reads /proc/PID/stat; empty if there is no such process.
[[nodiscard]] std::optional<linux_platform::Stat> stat_of(pid_t pid);

}  // namespace provisr::daemon
