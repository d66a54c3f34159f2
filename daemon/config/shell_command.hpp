#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// A command for `/bin/sh -c`.
struct ShellCommand {
  std::string text;
  /// Whether the shell keeps running beside what it starts, instead of becoming the program.
  bool shell_stays;
};

/// Returns whether a word, as written, has the form VAR=value.
[[nodiscard]] bool is_assignment(std::string_view word);

/// Returns whether a command's first word has a meaning that only a shell provides.
[[nodiscard]] bool is_for_shell_only(std::string_view word);

/// Puts `exec` before the program of a command if the program can replace the shell. The command
/// must be a single one, perhaps with assignments, redirections and expansions; or a list, joined
/// by `&&`, `||`, `;` or line breaks, in which only builtins that start no process precede the
/// program. Otherwise the text is unchanged.
[[nodiscard]] ShellCommand prepare_for_shell(std::string_view command);

}  // namespace provisr::daemon
