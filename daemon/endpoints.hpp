#pragma once

#include "daemon/api/api.hpp"
#include "daemon/api/control.hpp"
#include "daemon/api/event_hub.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/reload.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/config/config.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"

#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The actions that requests trigger in other rooms.
struct EndpointActions {
  Control::Submit submit;
  RequestReload reload;  ///< empty if there is no file to read again
  EventHub* events;      ///< source of the event stream; must outlive the endpoints
};

/// The HTTP servers, routes and access rules of one configuration.
///
/// Thread safety: one call at a time.
class Endpoints {
 public:
  /// The monitors, and the objects that `sources` refers to, must outlive the endpoints.
  Endpoints(const Config& config, const Sources& sources, EndpointActions actions,
            HttpMonitor& api_monitor, HttpMonitor& metrics_monitor);
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  using Predecessors = std::vector<const Endpoints*>;

  /// Binds the addresses. An address that a predecessor has bound is shared with it, so that a
  /// client always finds one of the two, unless it is not reachable. Throws std::runtime_error with
  /// one clear sentence.
  void bind(const Predecessors& predecessors = {});

  /// Returns false if somebody has removed or replaced the file of a Unix socket.
  [[nodiscard]] bool is_reachable() const;

  /// Does every step of start() that can fail. Throws std::runtime_error.
  void prepare();

  /// Starts to answer requests. Requires prepare().
  void start();

  /// Stops accepting clients and applies `auth` to the remaining ones, so that a revoked token no
  /// longer works. May be called from any thread while the endpoints answer.
  void retire(const AuthConfig& auth);

  /// Call it after stop_accepting(): ends all connections except those of clients that wait for an
  /// answer.
  void finish();

  /// Returns whether it accepts no more clients and the last one is gone.
  [[nodiscard]] bool is_drained() const;

 private:
  [[nodiscard]] bool share(HttpServer Endpoints::*server, const Predecessors& predecessors);
  static void bind_anew(HttpServer& server, const Predecessors& predecessors);
  void add_routes(const std::string& base_path, const Sources& sources);

  const Log* log_;
  HttpMonitor* metrics_monitor_;
  bool has_metrics_;
  Api api_;
  Exposition exposition_;
  Control control_;
  RequestReload reload_;
  EventHub* events_;
  Router api_router_;
  Router metrics_router_;
  AccessPolicy access_;
  HttpServer api_server_;
  HttpServer metrics_server_;
  // The last members, because they refer to api_server_.
  std::optional<EventHub::Waker> event_waker_;
  std::optional<Turns::Waker> turn_waker_;
};

}  // namespace provisr::daemon
