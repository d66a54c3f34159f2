#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The argv for a `command` string: words where plain words and quotes are enough,
/// {"/bin/sh", "-c", command} where it holds anything only a shell understands.
/// Throws std::invalid_argument for an empty command or an unclosed quote. Behind the first
/// thing that needs a shell, quotes are the shell's to judge.
[[nodiscard]] std::vector<std::string> parse_command(std::string_view command);

}  // namespace provisr::daemon
