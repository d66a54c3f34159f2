#pragma once

#include "daemon/platform/posix/pipe.hpp"
#include "daemon/platform/wakeup.hpp"

namespace provisr::daemon {

/// The pipe is readable while a wake is pending.
struct Wakeup::State {
  Pipe pipe;
};

}  // namespace provisr::daemon
