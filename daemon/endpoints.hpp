#pragma once

#include "daemon/api/api.hpp"
#include "daemon/api/control.hpp"
#include "daemon/api/event_hub.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/reload.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/config/config.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"

#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// What the endpoints ask others to do.
struct EndpointActions {
  Control::Submit submit;
  RequestReload reload;  ///< empty: there is no file to read again
  EventHub* events;      ///< what there is to listen to; outlives the endpoints
};

/// All that answers over HTTP by one configuration.
///
/// Thread safety: one call at a time.
class Endpoints {
 public:
  /// `sources` refer to what outlives it, as the monitors do.
  Endpoints(const Config& config, const Sources& sources, EndpointActions actions,
            HttpMonitor& api_monitor, HttpMonitor& metrics_monitor);
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  using Predecessors = std::vector<const Endpoints*>;

  /// Takes the addresses; one that a predecessor has is shared with it, so that a client finds one
  /// of the two. Throws std::runtime_error with one clear sentence.
  void bind(const Predecessors& predecessors = {});

  /// All of start() that can fail. Throws std::runtime_error.
  void prepare();

  /// Begins to answer; requires prepare().
  void start();

  /// Leaves new clients to a successor, and lets those that it has do no more than `auth` allows:
  /// a token that was taken back holds no longer. From any thread while it answers.
  void retire(const AuthConfig& auth);

  /// After that: ends all connections but those of clients that wait for an answer.
  void finish();

  /// Whether it takes no more clients and the last has gone.
  [[nodiscard]] bool is_deserted() const;

 private:
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
  std::optional<EventHub::Waker> waker_;  ///< last: it refers to the API's server
};

}  // namespace provisr::daemon
