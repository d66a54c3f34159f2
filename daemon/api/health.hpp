#pragma once

#include "daemon/api/tick_watch.hpp"
#include "daemon/http/router.hpp"

namespace provisr::daemon {

/// Adds "/healthz", open to everybody: `ok` while ticks come on time, else 503 and why. `ticks` is
/// null if collection is disabled, which is healthy; else it must outlive the router.
void add_health_route(Router& router, const TickWatch* ticks);

}  // namespace provisr::daemon
