#pragma once

#include <provisr/process_metrics.hpp>

#include <string>
#include <vector>

namespace provisr::daemon {

/// An orphan and the start that it descends from.
struct OrphanOrigin {
  ProcessId orphan = 0;
  std::string launch_id;  ///< that of the ChildCommand
};

struct OriginSearch {
  std::vector<OrphanOrigin> found = {};
  bool is_complete = true;  ///< false: no thread could be started that looks at the rest
};

/// Finds those of the processes that descend from a start of a `provisrd`, by their environment
/// (Linux; elsewhere none). Omits a process whose environment cannot be read in time. Must be
/// called by the thread that starts the children.
[[nodiscard]] OriginSearch origins_of(const std::vector<ProcessId>& processes);

/// Returns the children of a process that are its own or that it has adopted (Linux; elsewhere
/// none).
[[nodiscard]] std::vector<ProcessId> children_of(ProcessId parent);

}  // namespace provisr::daemon
