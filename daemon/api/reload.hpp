#pragma once

#include "daemon/api/event_hub.hpp"
#include "daemon/http/router.hpp"
#include "daemon/supervisor/command.hpp"

#include <provisr/clock.hpp>

#include <functional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The result of a reload of the configuration.
struct ReloadReport {
  std::string refusal;              ///< why there was no reload, whatever the configuration says
  std::vector<std::string> faults;  ///< one line each; if there are any, nothing has changed
  ReloadChanges processes;
  std::vector<std::string> settings;       ///< sections now in effect: "server", "metrics"
  std::vector<std::string> at_next_start;  ///< keys that take effect when provisrd starts again
};

/// Publishes a reload without faults. If memory is short, the event is lost.
void publish_reload_event(EventHub& hub, const ReloadReport& report,
                          const Clock& clock = Clock::system()) noexcept;

/// Called once, on any thread. Must neither block nor throw.
using ReloadReply = std::function<void(const ReloadReport&)>;

/// Requests a reload. Never blocks; thread-safe.
using RequestReload = std::function<void(ReloadReply)>;

/// Adds `POST /reload` below `base_path`: answers 200 with what changed, 422 with all faults, or
/// 503.
void add_reload_route(Router& router, const std::string& base_path, RequestReload request);

}  // namespace provisr::daemon
