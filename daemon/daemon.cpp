#include "daemon/daemon.hpp"

#include "daemon/api/api.hpp"
#include "daemon/api/control.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/health.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/host_policy.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/events.hpp"
#include "daemon/platform/listen_socket.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <fmt/format.h>

#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] LogLevel log_level_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return LogLevel::debug;
    case Severity::info:
      return LogLevel::info;
    case Severity::warning:
      return LogLevel::warn;
    case Severity::error:
      break;
  }
  return LogLevel::error;
}

[[nodiscard]] RegistryOptions registry_options(const CollectionConfig& collection, TickWatch& ticks,
                                               const Log& log) {
  RegistryOptions options;
  options.max_history = collection.max_history;
  options.diagnostics = [&log](const Diagnostic& diagnostic) {
    const LogLevel level = log_level_of(diagnostic.severity);
    if (!log.enabled(level)) return;
    const std::string_view separator = diagnostic.process.empty() ? "" : ": ";
    log.write(level, fmt::format("{}{}{}", diagnostic.process, separator, diagnostic.message));
  };
  options.observer = [&ticks](const TickEvent& tick) { ticks.on_tick(tick.report); };
  return options;
}

[[nodiscard]] HostPolicy host_policy(const std::vector<std::string>& allowed) {
  std::vector<std::string> names = names_of_machine(machine_name());
  names.insert(names.end(), allowed.begin(), allowed.end());
  return HostPolicy(std::move(names));
}

[[nodiscard]] HttpServerOptions server_options(const ServerConfig& server,
                                               const AccessPolicy& access) {
  return {.address = server.listen,
          .socket_group = server.socket_group,
          .hosts = host_policy(server.allowed_hosts),
          .access = &access,
          .limits = {.connections = server.max_connections}};
}

[[nodiscard]] HttpServerOptions server_options(const MetricsConfig& metrics,
                                               const AccessPolicy& access) {
  return {.address = metrics.listen,
          .socket_group = metrics.socket_group,
          .access = &access,
          .limits = {.connections = metrics.max_connections}};
}

/// On a thread of its own, so that the kernel lists its children apart from the orphans, which it
/// gives to the first thread: to look for those of one child then costs the same however many there
/// are.
[[nodiscard]] int supervise(Supervisor& supervisor, Events& events) {
  return std::async(std::launch::async, [&] { return supervisor.run(events); }).get();
}

/// All that answers over HTTP.
class Endpoints {
 public:
  /// What is given must outlive it.
  Endpoints(const Config& config, const Sources& sources, Control::Submit submit,
            HttpMonitor& api_monitor, HttpMonitor& metrics_monitor)
      : log_(&sources.log),
        has_metrics_(config.metrics.enabled),
        api_(sources),
        exposition_(sources),
        control_(std::move(submit)),
        access_(config.server.auth.token, config.server.auth.protect_reads),
        api_server_(server_options(config.server, access_), api_router_, api_monitor, sources.log),
        metrics_server_(server_options(config.metrics, access_), metrics_router_, metrics_monitor,
                        sources.log) {
    add_routes(config.server.base_path, sources.is_collecting ? &sources.ticks : nullptr);
  }

  void bind() {
    api_server_.bind();
    if (has_metrics_) metrics_server_.bind();
  }

  void start() {
    api_server_.start();
    log_->info("JSON API on {}", api_server_.address().to_string());
    if (!has_metrics_) return;
    metrics_server_.start();
    log_->info("Prometheus metrics on {}", metrics_server_.address().to_string());
  }

 private:
  void add_routes(const std::string& base_path, const TickWatch* ticks) {
    api_.add_routes(api_router_, base_path);
    control_.add_routes(api_router_, base_path);
    add_health_route(api_router_, ticks);
    exposition_.add_routes(metrics_router_);
    add_health_route(metrics_router_, ticks);
  }

  const Log* log_;
  bool has_metrics_;
  Api api_;
  Exposition exposition_;
  Control control_;
  Router api_router_;
  Router metrics_router_;
  AccessPolicy access_;
  HttpServer api_server_;
  HttpServer metrics_server_;
};

}  // namespace

int run_daemon(const Config& config, Supervisor::Until until, const Log& log) {
  Events events;
  raise_descriptor_limit();
  const CollectionConfig& collection = config.metrics.collection;
  TickWatch ticks(collection.interval, log);
  Registry registry(registry_options(collection, ticks, log));
  Supervisor supervisor(config.processes, registry, log, until);
  HttpMonitor api_monitor;
  HttpMonitor metrics_monitor;
  const Sources sources{.registry = registry,
                        .ticks = ticks,
                        .log = log,
                        .api_server = api_monitor,
                        .metrics_server = metrics_monitor,
                        .is_collecting = collection.enabled,
                        .status = [&supervisor] { return supervisor.status(); },
                        .exits = supervisor.exits()};
  const auto submit = [&supervisor](Command command, ReplyHandler reply) {
    supervisor.submit(std::move(command), std::move(reply));
  };
  Endpoints endpoints(config, sources, submit, api_monitor, metrics_monitor);
  endpoints.bind();
  adopt_orphans();
  std::optional<Collector> collector;
  if (collection.enabled) collector.emplace(registry, collection.interval);
  endpoints.start();
  return supervise(supervisor, events);
}

}  // namespace provisr::daemon
