#pragma once

#include <provisr/process_metrics.hpp>

namespace provisr::daemon {

/// Whether some process has this PID and has not ended, also one that may be neither signalled nor
/// looked at. macOS: also one that has ended, until its parent has asked how. Windows: always
/// false, as nothing hides processes there.
[[nodiscard]] bool process_exists(ProcessId pid);

}  // namespace provisr::daemon
