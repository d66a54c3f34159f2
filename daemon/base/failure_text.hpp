#pragma once

#include <exception>
#include <string>

namespace provisr::daemon {

/// Returns what has failed. If something of this system ran short, says what may be too low; if
/// something is not permitted, says what may forbid it.
[[nodiscard]] std::string describe_failure(const std::exception& failure);

}  // namespace provisr::daemon
