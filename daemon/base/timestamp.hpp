#pragma once

#include <provisr/process_metrics.hpp>

#include <string>

namespace provisr::daemon {

/// RFC 3339, UTC, milliseconds: "2025-01-27T10:30:45.123Z".
[[nodiscard]] std::string rfc3339(Timestamp time);

}  // namespace provisr::daemon
