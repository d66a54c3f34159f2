#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace provisr::daemon {

/// Returns the ID of a user group; empty if there is no such group. Throws std::system_error if the
/// lookup fails.
[[nodiscard]] std::optional<std::uint32_t> group_id(const std::string& name);

}  // namespace provisr::daemon
