#pragma once

#include "lib/platform/windows/windows_api.hpp"

namespace provisr::daemon {

/// An auto-reset event, set whenever a child has ended. Lives as long as the program.
[[nodiscard]] HANDLE child_exit_event() noexcept;

/// Adds the child to EndedChildren and sets the event. Thread-safe: the system calls it on another
/// thread.
void note_child_exit(DWORD pid) noexcept;

}  // namespace provisr::daemon
