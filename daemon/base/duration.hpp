#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// "100ms", "5s", "1m30s", "1.5s", "2h", in Go's notation; what is finer than a millisecond is
/// dropped, and something must be left. Throws std::invalid_argument with a sentence about what
/// is wrong.
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view text);

/// "10ms", "5s", "24h": the largest unit that gives a whole number.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// For a reader in a hurry: "350ms", "2.1s".
[[nodiscard]] std::string format_elapsed(std::chrono::nanoseconds length);

}  // namespace provisr::daemon
