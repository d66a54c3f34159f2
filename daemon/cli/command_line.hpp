#pragma once

#include "daemon/cli/options.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What an option is for. Without a command, a configuration file is served or checked.
enum class Scope {
  anything,  ///< also --help and --version
  daemon,    ///< no client command
  interval,  ///< no client command, or top
  file,      ///< a configuration file
  run,
  client,   ///< every client command
  status,   ///< the client commands status and top
  top,      ///< the client command of that name
  control,  ///< start, stop and restart
};

struct CommandLine;

/// It takes a value if it has `set_value`, is a switch if it has `set`, and selects `action`
/// otherwise.
struct Option {
  std::string_view name;
  Scope scope = Scope::anything;
  void (*set_value)(std::string_view value, CommandLine& line) = nullptr;
  void (*set)(CommandLine& line) = nullptr;
  Action action = Action::serve;
};

/// What has been parsed so far.
struct CommandLine {
  Options options;
  std::vector<const Option*> given;
  std::optional<ListenAddress> socket;  ///< of --socket

  [[nodiscard]] bool has(std::string_view option) const;
};

/// Throws UsageError if there is no such option.
[[nodiscard]] const Option& find_option(std::string_view name);

/// Throws UsageError if an option that was given is not for the action that was chosen.
void check_scopes(const CommandLine& line);

/// Throws UsageError if one was named before.
void set_config_file(std::string_view name, CommandLine& line);

}  // namespace provisr::daemon
