#include "daemon/api.hpp"
#include "daemon/arguments.hpp"
#include "daemon/config.hpp"
#include "daemon/descriptor_limit.hpp"
#include "daemon/events.hpp"
#include "daemon/exposition.hpp"
#include "daemon/http_server.hpp"
#include "daemon/log.hpp"
#include "daemon/options.hpp"
#include "daemon/sources.hpp"
#include "daemon/supervisor.hpp"
#include "daemon/text.hpp"
#include "daemon/version.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace provisr;
using namespace provisr::daemon;

constexpr int exit_bad_usage = 2;

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

[[nodiscard]] RegistryOptions registry_options(const CollectionConfig& collection, const Log& log) {
  RegistryOptions options;
  options.max_history = collection.max_history;
  options.diagnostics = [&log](const Diagnostic& diagnostic) {
    const LogLevel level = log_level_of(diagnostic.severity);
    if (!log.enabled(level)) return;
    const std::string_view separator = diagnostic.process.empty() ? "" : ": ";
    log.write(level, fmt::format("{}{}{}", diagnostic.process, separator, diagnostic.message));
  };
  return options;
}

/// Everything that runs, from the first child to the last answer.
[[nodiscard]] int run_daemon(const Config& config, Supervisor::Mode mode, const Log& log) {
  Events events;
  raise_descriptor_limit();
  const CollectionConfig& collection = config.metrics.collection;
  Registry registry(registry_options(collection, log));
  Supervisor supervisor(config.processes, registry, log, mode);
  const Sources sources{.registry = registry,
                        .is_collecting = collection.enabled,
                        .status = [&supervisor] { return supervisor.status(); }};

  Api api(sources);
  Exposition exposition(sources);
  HttpServer api_server(config.server.listen);
  HttpServer metrics_server(config.metrics.listen);
  api.add_routes(api_server, config.server.base_path);
  exposition.add_routes(metrics_server);

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

/// The configuration of a file, or nothing once its faults have been printed.
[[nodiscard]] std::optional<Config> load_or_complain(const Options& options) {
  LoadedConfig loaded = load_config(options.config_file);
  for (const ConfigNotice& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.to_string());
  for (const ConfigNotice& warning : loaded.warnings) {
    fmt::print(stderr, "{} (warning)\n", warning.to_string());
  }
  if (!loaded.faults.empty()) return std::nullopt;
  return std::move(loaded.config);
}

[[nodiscard]] int serve(const Options& options) {
  std::optional<Config> config = load_or_complain(options);
  if (!config) return exit_bad_usage;
  apply_overrides(options, *config);
  return run_daemon(*config, Supervisor::Mode::until_stopped, Log(options.log_level));
}

[[nodiscard]] int check(const Options& options) {
  if (!load_or_complain(options)) return exit_bad_usage;
  fmt::print("{}: good\n", name_of(options.config_file));
  return EXIT_SUCCESS;
}

[[nodiscard]] int run(const Options& options) {
  switch (options.mode) {
    case Mode::help:
      fmt::print("{}", help_text());
      return EXIT_SUCCESS;
    case Mode::version:
      fmt::print("provisrd {}\n", version);
      return EXIT_SUCCESS;
    case Mode::check:
      return check(options);
    case Mode::run:
      return run_daemon(run_config(options), Supervisor::Mode::until_all_exited,
                        Log(options.log_level));
    case Mode::serve:
      break;
  }
  return serve(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments = program_arguments(argc, argv);
    return run(parse_options(std::vector<std::string_view>(arguments.begin(), arguments.end())));
  } catch (const UsageError& error) {
    fmt::print(stderr, "{}", usage_message(error));
    return exit_bad_usage;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "provisrd: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
