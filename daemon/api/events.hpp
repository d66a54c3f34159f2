#pragma once

#include "daemon/api/event_hub.hpp"
#include "daemon/http/router.hpp"

#include <string>

namespace provisr::daemon {

/// Adds "/events" below `base_path`: a stream of server-sent events from `hub`, which must outlive
/// the router and its answers.
void add_events_route(Router& router, const std::string& base_path, EventHub& hub);

}  // namespace provisr::daemon
