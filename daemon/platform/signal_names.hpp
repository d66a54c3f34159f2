#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// SIGTERM, wherever there are signals.
inline constexpr int default_stop_signal = 15;

/// The number of a signal that can ask a program to end, such as "TERM" or "SIGTERM"; empty if this
/// system cannot send it.
[[nodiscard]] std::optional<int> signal_number(std::string_view name);

/// "HUP, INT, TERM" and so on: the names that signal_number() knows.
[[nodiscard]] std::string signal_names();

}  // namespace provisr::daemon
