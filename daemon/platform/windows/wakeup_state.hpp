#pragma once

#include "daemon/platform/wakeup.hpp"
#include "lib/platform/windows/handle.hpp"

namespace provisr::daemon {

/// Set while a wake has not been taken; a wait does not reset it.
struct Wakeup::State {
  windows_platform::Handle event;
};

}  // namespace provisr::daemon
