#pragma once

#include "lib/platform/windows/windows_api.hpp"

namespace provisr::daemon {

/// Set whenever a child has ended; reset by the wait for it. Lives as long as the program.
[[nodiscard]] HANDLE child_exit_event() noexcept;

}  // namespace provisr::daemon
