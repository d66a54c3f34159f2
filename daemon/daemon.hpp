#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/load.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/supervisor/supervisor.hpp"

#include <functional>

namespace provisr::daemon {

/// Builds all rooms from a configuration and runs them, from the first child to the last answer.
/// Returns the exit status. Throws std::exception with one clear sentence if an address cannot be
/// listened on or the system refuses a thread.
/// `load` reads the configuration again for a reload; without it, SIGHUP is a request to stop.
/// `manager` is notified of readiness, reloads and the stop.
[[nodiscard]] int run_daemon(const Config& config, Supervisor::Until until, const Log& log,
                             const ServiceManager& manager,
                             std::function<LoadedConfig()> load = {});

}  // namespace provisr::daemon
