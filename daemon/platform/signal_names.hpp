#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// SIGTERM on systems with signals.
inline constexpr int default_stop_signal = 15;

/// Returns the number of a signal that can ask a program to end, such as "TERM" or "SIGTERM"; empty
/// if this system cannot send it.
[[nodiscard]] std::optional<int> signal_number(std::string_view name);

/// Returns the names that signal_number() knows: "HUP, INT, TERM" and so on.
[[nodiscard]] std::string signal_names();

}  // namespace provisr::daemon
