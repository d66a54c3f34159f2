#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace provisr::daemon {

/// The number of a group of users; empty if this system has no such group. Throws
/// std::system_error if that cannot be found out.
[[nodiscard]] std::optional<std::uint32_t> group_id(const std::string& name);

}  // namespace provisr::daemon
