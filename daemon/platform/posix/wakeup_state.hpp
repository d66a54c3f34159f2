#pragma once

#include "daemon/platform/posix/pipe.hpp"
#include "daemon/platform/wakeup.hpp"

namespace provisr::daemon {

/// Readable while a wake has not been taken.
struct Wakeup::State {
  Pipe pipe;
};

}  // namespace provisr::daemon
