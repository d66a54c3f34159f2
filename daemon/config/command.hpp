#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What to execute for a `command`.
struct ParsedCommand {
  std::vector<std::string> argv;
  /// A shell runs beside the programs that it starts, and is measured in place of them.
  bool shell_stays;
};

/// Splits a command into words if plain words and quotes are all it has; otherwise passes it to
/// /bin/sh -c, which executes the program in place of itself if it can (see prepare_for_shell).
/// Throws std::invalid_argument for an empty command or an unclosed quote. From the first thing
/// that needs a shell on, quotes are left to the shell.
[[nodiscard]] ParsedCommand parse_command(std::string_view command);

}  // namespace provisr::daemon
