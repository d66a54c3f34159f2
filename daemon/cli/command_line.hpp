#pragma once

#include "daemon/cli/options.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Which actions accept an option. Without a command, a configuration file is served or checked.
enum class Scope {
  anything,  ///< every action, also --help and --version
  daemon,    ///< every action except client commands
  interval,  ///< every action except client commands other than top
  file,      ///< serving or checking a configuration file
  run,
  client,   ///< every client command
  status,   ///< the client commands status and top
  top,      ///< the client command top
  control,  ///< start, stop and restart
};

struct CommandLine;

/// A command line option. It takes a value if it has `set_value`, is a switch if it has `set`, and
/// selects `action` otherwise.
struct Option {
  std::string_view name;
  Scope scope = Scope::anything;
  void (*set_value)(std::string_view value, CommandLine& line) = nullptr;
  void (*set)(CommandLine& line) = nullptr;
  Action action = Action::serve;
};

/// The arguments parsed so far.
struct CommandLine {
  Options options;
  std::vector<const Option*> given;
  std::optional<ListenAddress> socket;  ///< of --socket

  [[nodiscard]] bool has(std::string_view option) const;
};

/// Returns the option with this name. Throws UsageError if there is none.
[[nodiscard]] const Option& find_option(std::string_view name);

/// Throws UsageError if an option was given that the chosen action does not accept.
void check_scopes(const CommandLine& line);

/// Sets the configuration file. Throws UsageError if `name` is empty or a file was set before.
void set_config_file(std::string_view name, CommandLine& line);

}  // namespace provisr::daemon
