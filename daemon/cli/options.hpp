#pragma once

#include "daemon/base/log.hpp"
#include "daemon/cli/server_url.hpp"
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
  serve,    ///< run the processes of the configuration file
  run,      ///< run one command, without a file
  check,    ///< only check the configuration file
  help,     ///< print help_text()
  version,  ///< print the version
  // Client commands, which ask a running provisrd.
  status,
  start,
  stop,
  restart,
  reload,
  top,
};

/// Returns the word that selects an action; empty if there is none.
[[nodiscard]] std::string_view command_of(Action action);

[[nodiscard]] bool is_client_command(Action action);

/// The options of the client commands.
struct ClientOptions {
  std::optional<ServerUrl> server;   ///< empty: from the environment, or the default
  std::filesystem::path token_file;  ///< may be empty
  std::vector<std::string> names;    ///< of processes or bases, each once
  std::chrono::milliseconds wait{std::chrono::minutes(1)};  ///< for each name; 0: does not wait
  bool json = false;
  bool once = false;                         ///< for top
  std::chrono::milliseconds refresh{2'000};  ///< for top: time between two looks
};

/// The parsed command line.
struct Options {
  Action action = Action::serve;
  std::filesystem::path config_file;  ///< for serve and check
  LogLevel log_level = LogLevel::info;
  std::optional<ListenAddress> listen;          ///< overrides server.listen
  std::optional<ListenAddress> metrics_listen;  ///< overrides metrics.listen
  std::optional<std::chrono::milliseconds>
      interval;                      ///< overrides metrics.process_metrics.interval
  std::string name;                  ///< for run; never empty there
  int instances = 1;                 ///< for run
  std::vector<std::string> command;  ///< for run; the program first
  ClientOptions client;              ///< for client commands
};

/// An error in the command line, described in one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses the arguments after the program name. Throws UsageError.
[[nodiscard]] Options parse_options(std::span<const std::string_view> arguments);

/// Returns the configuration for Action::run: one process, the options, defaults for the rest.
[[nodiscard]] Config run_config(const Options& options);

/// Overrides `config` with the options. Throws UsageError if the two servers then share an address.
void apply_overrides(const Options& options, Config& config);

/// Returns the text for standard error; ends with a line break.
[[nodiscard]] std::string usage_message(const UsageError& error);

/// Returns all options, exit statuses and examples; ends with a line break.
[[nodiscard]] std::string_view help_text();

}  // namespace provisr::daemon
