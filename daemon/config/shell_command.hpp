#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// A command for `/bin/sh -c`.
struct ShellCommand {
  std::string text;
  /// The shell stays beside what it starts, instead of becoming the program.
  bool shell_stays;
};

/// Whether a word, as written, is VAR=value.
[[nodiscard]] bool is_assignment(std::string_view word);

/// Whether a command's first word means something to a shell, and no program does the same.
[[nodiscard]] bool is_for_shell_only(std::string_view word);

/// Puts `exec` before the program of a command if the shell can become that program: if it is a
/// single command, perhaps with assignments, redirections and expansions, or the last one after
/// builtins that start nothing, joined by `&&`, `||`, `;` or line breaks. Otherwise the text is
/// unchanged.
[[nodiscard]] ShellCommand prepare_for_shell(std::string_view command);

}  // namespace provisr::daemon
