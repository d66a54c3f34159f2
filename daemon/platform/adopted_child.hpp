#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/process_identity.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Returns why children cannot outlive this program and be taken over by its next run, as a
/// predicate ("needs Linux 5.3 or later"); empty if they can.
[[nodiscard]] std::string obstacle_to_adoption();

/// Takes over a process that an earlier run of this program started, together with its process
/// group. Returns null if exactly that process is gone, or ended before it executed its program.
/// Until it has executed it, its start is pending; if it ends before, its start failed. Orphans
/// that have left the group are found by the `launch_id` of its ChildCommand. EndedChildren reports
/// its end. The exit status is known only if the kernel reports it to processes other than the
/// parent. The destructor leaves the process running.
[[nodiscard]] std::unique_ptr<ChildProcess> adopt_child(const ProcessIdentity& identity,
                                                        std::string_view launch_id);

/// Takes over what such a process has left running, once it is gone: all processes that have its
/// `launch_id` in their environment and, if one of them is in its process group, the whole group.
/// Returns null if nothing is found.
[[nodiscard]] std::unique_ptr<ChildProcess> adopt_leftovers(const ProcessIdentity& leader,
                                                            std::string_view launch_id);

}  // namespace provisr::daemon
