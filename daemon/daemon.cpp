#include "daemon/daemon.hpp"

#include "daemon/api/api.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/events.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <fmt/format.h>

#include <optional>
#include <string_view>

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

}  // namespace

int run_daemon(const Config& config, Supervisor::Until until, const Log& log) {
  Events events;
  raise_descriptor_limit();
  const CollectionConfig& collection = config.metrics.collection;
  TickWatch ticks(collection.interval, log);
  Registry registry(registry_options(collection, ticks, log));
  Supervisor supervisor(config.processes, registry, log, until);
  const Sources sources{.registry = registry,
                        .ticks = ticks,
                        .is_collecting = collection.enabled,
                        .status = [&supervisor] { return supervisor.status(); }};

  Api api(sources);
  Exposition exposition(sources);
  Router api_router;
  api.add_routes(api_router, config.server.base_path);
  Router metrics_router;
  exposition.add_routes(metrics_router);
  HttpServer api_server(config.server.listen, api_router);
  HttpServer metrics_server(config.metrics.listen, metrics_router);

  api_server.bind();
  if (config.metrics.enabled) metrics_server.bind();
  supervisor.start();
  std::optional<Collector> collector;
  if (collection.enabled) collector.emplace(registry, collection.interval);
  api_server.start();
  log.info("JSON API on {}", config.server.listen.to_string());
  if (config.metrics.enabled) {
    metrics_server.start();
    log.info("Prometheus metrics on {}", config.metrics.listen.to_string());
  }
  return supervisor.run(events);
}

}  // namespace provisr::daemon
