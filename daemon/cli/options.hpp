#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

enum class Action {
  serve,    ///< run what the configuration file says
  run,      ///< run one command, without a file
  check,    ///< check the configuration file, and do nothing else
  help,     ///< print help_text()
  version,  ///< print the version
};

/// What the command line says.
struct Options {
  Action action = Action::serve;
  std::filesystem::path config_file;  ///< for serve and check
  LogLevel log_level = LogLevel::info;
  std::optional<ListenAddress> listen;                ///< in place of server.listen
  std::optional<ListenAddress> metrics_listen;        ///< in place of metrics.listen
  std::optional<std::chrono::milliseconds> interval;  ///< in place of the file's
  std::string name;                                   ///< for run: never empty then
  int instances = 1;                                  ///< for run
  std::vector<std::string> command;                   ///< for run: the program first
};

/// What is wrong with a command line, in one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the arguments behind the program's own name. Throws UsageError.
[[nodiscard]] Options parse_options(std::span<const std::string_view> arguments);

/// The configuration for Action::run: one process, and all else by default or by the options.
[[nodiscard]] Config run_config(const Options& options);

/// Puts what the command line says in place of what the file says. Throws UsageError where the
/// two servers then have one address.
void apply_overrides(const Options& options, Config& config);

/// What to print to standard error for a UsageError; ends with a line break.
[[nodiscard]] std::string usage_message(const UsageError& error);

/// All options, exit statuses and examples; ends with a line break.
[[nodiscard]] std::string_view help_text();

}  // namespace provisr::daemon
