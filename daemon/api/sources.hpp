#pragma once

#include "daemon/api/health.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/base/log.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/limit_breach.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/registry.hpp>

#include <functional>

namespace provisr::daemon {

/// The data that the HTTP endpoints answer from. All of it outlives the endpoints.
struct Sources {
  const Registry& registry;
  const TickWatch& ticks;
  const Log& log;
  const HttpMonitor& api_server;
  const HttpMonitor& metrics_server;
  /// False if collection is disabled. Only the status is known then.
  bool is_collecting;
  std::function<SharedStatusList()> status;
  const ExitLog& exits;
  /// Returns which limits are breached, and how often they were.
  std::function<LimitReport()> limits = [] { return LimitReport(); };
  /// Returns how long the disk of state_dir has not answered; empty if it answers.
  DiskSilence disk_silence = [] { return std::nullopt; };
  /// When this program was started.
  Timestamp started_at = Clock::system().utc_now();
};

}  // namespace provisr::daemon
