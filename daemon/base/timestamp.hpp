#pragma once

#include <provisr/process_metrics.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Formats a time as RFC 3339 in UTC with milliseconds: "2025-01-27T10:30:45.123Z".
[[nodiscard]] std::string rfc3339(Timestamp time);

/// Parses RFC 3339 text in UTC ("Z") or with an offset ("+02:00"). A second may have any number of
/// decimals; those beyond nanoseconds are dropped. Dates before 1700 become the first moment of
/// 1700, dates after 2250 the first moment of 2251. Returns an empty optional for any other text.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace provisr::daemon
