#pragma once

#include "lib/platform/windows/windows_api.hpp"

namespace provisr::daemon {

/// Set whenever a child has ended; reset by the wait for it. Lives as long as the program.
[[nodiscard]] HANDLE child_exit_event() noexcept;

/// Adds to EndedChildren and sets the event. Thread-safe: the system calls it on a thread of its
/// own.
void note_child_exit(DWORD pid) noexcept;

}  // namespace provisr::daemon
