#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/version.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/config/load.hpp"
#include "daemon/daemon.hpp"
#include "daemon/platform/program_arguments.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace provisr;
using namespace provisr::daemon;

constexpr int exit_bad_usage = 2;

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
  return run_daemon(*config, Supervisor::Until::stopped, Log(options.log_level));
}

[[nodiscard]] int check(const Options& options) {
  if (!load_or_complain(options)) return exit_bad_usage;
  fmt::print("{}: good\n", name_of(options.config_file));
  return EXIT_SUCCESS;
}

[[nodiscard]] int run(const Options& options) {
  switch (options.action) {
    case Action::help:
      fmt::print("{}", help_text());
      return EXIT_SUCCESS;
    case Action::version:
      fmt::print("provisrd {}\n", provisrd_version);
      return EXIT_SUCCESS;
    case Action::check:
      return check(options);
    case Action::run:
      return run_daemon(run_config(options), Supervisor::Until::all_exited, Log(options.log_level));
    case Action::serve:
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
