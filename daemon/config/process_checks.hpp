#pragma once

#include "daemon/config/processes.hpp"

#include <vector>

namespace provisr::daemon {

/// Reports keys of an entry that contradict each other or have no effect.
void check_process(const ProcessEntry& entry);

/// Reports conflicts between processes, and a fault at `where` if there are too many processes.
void check_processes(const std::vector<ProcessEntry>& entries, const Location& where,
                     Report& report);

}  // namespace provisr::daemon
