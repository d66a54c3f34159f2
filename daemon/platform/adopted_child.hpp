#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/process_identity.hpp"

#include <memory>

namespace provisr::daemon {

/// Whether children can outlive this program and be taken over by the next (Linux 5.3).
[[nodiscard]] bool can_adopt_children() noexcept;

/// Takes over a process that an earlier run of this program has started, with its process group. It
/// has been executed. Orphans of it that have left the group are found if its environment can be
/// read. EndedChildren tells of its end; how it ended is known if the kernel tells others than its
/// parent. The destructor leaves it alone. Null
/// if that very process is gone.
[[nodiscard]] std::unique_ptr<ChildProcess> adopt_child(const ProcessIdentity& identity);

}  // namespace provisr::daemon
