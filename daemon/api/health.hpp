#pragma once

#include "daemon/api/tick_watch.hpp"
#include "daemon/http/router.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace provisr::daemon {

using DiskSilence = std::function<std::optional<std::chrono::nanoseconds>()>;

/// Adds "/healthz", open to everybody: `ok` while ticks are on time, otherwise 503 with the reason.
/// `ticks` is null if collection is disabled, which is healthy; otherwise it must outlive the
/// router. A disk that has not answered for long delays no tick: the answer is `ok` and a line
/// about the disk.
void add_health_route(Router& router, const TickWatch* ticks, DiskSilence disk_silence = {});

}  // namespace provisr::daemon
