#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What to execute for the `command` of a process.
struct ParsedCommand {
  std::vector<std::string> argv;
  /// Whether a shell keeps running as the parent of the programs. Samples then include the shell.
  bool shell_stays;
};

/// Splits a command into words if it consists of plain words and quotes only. Otherwise returns
/// /bin/sh -c with the command, in which the program replaces the shell if possible (see
/// prepare_for_shell), and leaves all quotes behind the first shell construct to the shell. Throws
/// std::invalid_argument for an empty command, an unclosed quote, or a missing but needed shell.
[[nodiscard]] ParsedCommand parse_command(std::string_view command);

}  // namespace provisr::daemon
