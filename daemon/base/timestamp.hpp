#pragma once

#include <provisr/process_metrics.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// RFC 3339, UTC, milliseconds: "2025-01-27T10:30:45.123Z".
[[nodiscard]] std::string rfc3339(Timestamp time);

/// The moment that RFC 3339 text names, in UTC ("Z") or with an offset ("+02:00"), with any number
/// of digits of a second; digits beyond nanoseconds are dropped. Empty if it is anything else, or a
/// moment that Timestamp cannot hold.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace provisr::daemon
