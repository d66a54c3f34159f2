#include "daemon/endpoints.hpp"

#include "daemon/api/events.hpp"
#include "daemon/api/health.hpp"
#include "daemon/api/page.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/http/host_policy.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/listen_socket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] HostPolicy host_policy(const ServerConfig& server) {
  std::vector<std::string> names = names_of_machine(host_name());
  names.push_back(server.listen.host);
  names.insert(names.end(), server.allowed_hosts.begin(), server.allowed_hosts.end());
  return HostPolicy(std::move(names));
}

/// Returns how many descriptors each of the two listeners may use for connections. Measured
/// processes take up to half of all descriptors; a reserve is for files, pipes and starts.
[[nodiscard]] std::size_t connections_share() {
  constexpr std::size_t reserve = 64;
  constexpr std::size_t least = 8;
  const auto limit = descriptor_limit();
  if (!limit) return std::numeric_limits<std::size_t>::max();
  const std::size_t of_both = *limit / 2 > reserve ? *limit / 2 - reserve : 0;
  return std::max(of_both / 2, least);
}

/// Bounds the connections, so that clients of one listener cannot take the other's descriptors.
[[nodiscard]] std::size_t bounded_connections(std::size_t configured, std::string_view listener,
                                              const Log& log) {
  const std::size_t share = connections_share();
  if (configured <= share) return configured;
  log.warn("{}.max_connections is {} and not {}, as the descriptor limit (ulimit -Hn) is low",
           listener, share, configured);
  return share;
}

[[nodiscard]] HttpServerOptions server_options(const ServerConfig& server,
                                               const AccessPolicy& access, const Log& log) {
  return {.address = server.listen,
          .socket_group = server.socket_group,
          .hosts = host_policy(server),
          .access = &access,
          .limits = {.connections = bounded_connections(server.max_connections, "server", log)}};
}

[[nodiscard]] HttpServerOptions server_options(const MetricsConfig& metrics,
                                               const AccessPolicy& access, const Log& log) {
  return {.address = metrics.listen,
          .socket_group = metrics.socket_group,
          .access = &access,
          .limits = {.connections = metrics.enabled ? bounded_connections(metrics.max_connections,
                                                                          "metrics", log)
                                                    : metrics.max_connections}};
}

}  // namespace

Endpoints::Endpoints(const Config& config, const Sources& sources, EndpointActions actions,
                     HttpMonitor& api_monitor, HttpMonitor& metrics_monitor)
    : log_(&sources.log),
      metrics_monitor_(&metrics_monitor),
      has_metrics_(config.metrics.enabled),
      api_(sources,
           [this, transport = config.server.listen.is_unix_socket()
                                  ? Transport::unix_socket
                                  : Transport::tcp] { return access_.control_terms(transport); }),
      exposition_(sources),
      control_(std::move(actions.submit)),
      reload_(std::move(actions.reload)),
      events_(actions.events),
      access_(config.server.auth.token, config.server.auth.protect_reads),
      api_server_(server_options(config.server, access_, sources.log), api_router_, api_monitor,
                  sources.log),
      metrics_server_(server_options(config.metrics, access_, sources.log), metrics_router_,
                      metrics_monitor, sources.log) {
  add_routes(config.server.base_path, sources);
}

void Endpoints::bind(const Predecessors& predecessors) {
  if (!share(&Endpoints::api_server_, predecessors)) bind_anew(api_server_, predecessors);
  if (!has_metrics_ || share(&Endpoints::metrics_server_, predecessors)) return;
  bind_anew(metrics_server_, predecessors);
}

bool Endpoints::is_reachable() const {
  return api_server_.is_reachable() && metrics_server_.is_reachable();
}

/// Shares the sockets of a predecessor that has this address. Prefers the server of the same kind,
/// because only that one has the port that the system chose for 0.
bool Endpoints::share(HttpServer Endpoints::*server, const Predecessors& predecessors) {
  const auto shares_with = [&](HttpServer Endpoints::*kind) {
    return std::ranges::any_of(predecessors, [&](const Endpoints* predecessor) {
      return (this->*server).share(predecessor->*kind);
    });
  };
  if (shares_with(server)) return true;
  const ListenAddress& address = (this->*server).address();
  if (!address.is_unix_socket() && address.port == 0) return false;
  return shares_with(server == &Endpoints::api_server_ ? &Endpoints::metrics_server_
                                                       : &Endpoints::api_server_);
}

/// A system says only that an address is taken, and not by whom.
void Endpoints::bind_anew(HttpServer& server, const Predecessors& predecessors) {
  try {
    server.bind();
  } catch (const std::runtime_error& failure) {
    for (const Endpoints* const other : predecessors) {
      for (const HttpServer* const taken : {&other->api_server_, &other->metrics_server_}) {
        if (!taken->is_bound() || !clash(taken->address(), server.address())) continue;
        throw std::runtime_error(
            fmt::format("{}; provisrd itself listens on {}, and must be restarted for that",
                        failure.what(), taken->address().to_string()));
      }
    }
    throw;
  }
}

void Endpoints::prepare() {
  event_waker_.emplace(*events_, [this] { api_server_.wake_sources(); });
  turn_waker_.emplace(api_.turns(), [this] { api_server_.wake_sources(); });
  api_server_.prepare();
  if (has_metrics_) metrics_server_.prepare();
}

void Endpoints::start() {
  // The API last: its first answer reports both addresses.
  if (has_metrics_) {
    metrics_server_.start();
  } else {
    metrics_monitor_->set_address(std::nullopt);
  }
  api_server_.start();
  log_->info("JSON API on {}", api_server_.address().to_string());
  if (has_metrics_) log_->info("Prometheus metrics on {}", metrics_server_.address().to_string());
}

void Endpoints::retire(const AuthConfig& auth) {
  access_.set(auth.token, auth.protect_reads);
  api_server_.stop_accepting();
  metrics_server_.stop_accepting();
}

void Endpoints::finish() {
  api_server_.finish();
  metrics_server_.finish();
}

bool Endpoints::is_drained() const {
  return api_server_.is_drained() && metrics_server_.is_drained();
}

void Endpoints::add_routes(const std::string& base_path, const Sources& sources) {
  const TickWatch* const ticks = sources.is_collecting ? &sources.ticks : nullptr;
  api_.add_routes(api_router_, base_path);
  control_.add_routes(api_router_, base_path);
  if (reload_) add_reload_route(api_router_, base_path, reload_);
  add_events_route(api_router_, base_path, *events_);
  add_health_route(api_router_, ticks, sources.disk_silence);
  add_page_routes(api_router_, base_path);
  exposition_.add_routes(metrics_router_);
  add_health_route(metrics_router_, ticks, sources.disk_silence);
}

}  // namespace provisr::daemon
