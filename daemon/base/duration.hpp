#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Parses a duration in Go's notation: "100ms", "5s", "1m30s", "1.5s", "2h". Throws
/// std::invalid_argument with a sentence about what is wrong.
[[nodiscard]] std::chrono::nanoseconds parse_exact_duration(std::string_view text);

/// Like parse_exact_duration(), but refuses a duration that is not a whole number of milliseconds.
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view text);

/// Formats a duration in the largest unit that gives a whole number: "10ms", "5s", "24h", "0s".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// Formats a duration rounded for people: "350ms", "2.1s".
[[nodiscard]] std::string format_elapsed(std::chrono::nanoseconds length);

}  // namespace provisr::daemon
