#pragma once

#include "daemon/platform/wakeup.hpp"
#include "lib/platform/windows/handle.hpp"

namespace provisr::daemon {

/// The event is set while a wake is pending; a wait does not reset it.
struct Wakeup::State {
  windows_platform::Handle event;
};

}  // namespace provisr::daemon
