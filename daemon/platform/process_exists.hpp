#pragma once

#include <provisr/process_metrics.hpp>

namespace provisr::daemon {

/// Whether a living process has this PID, even one that may be neither signalled nor inspected.
/// macOS: zombies count as living. Always false on Windows, where no process is hidden.
[[nodiscard]] bool process_exists(ProcessId pid);

}  // namespace provisr::daemon
