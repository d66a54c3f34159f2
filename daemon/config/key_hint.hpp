#pragma once

#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Returns the hint for an unknown `key` of the table `section`, which knows the keys `known`: the
/// key that means the same, the table that has such a key, the nearest known key, or all of them if
/// they are few. Empty if there is none. `section` is that of a KnownKey.
[[nodiscard]] std::string key_hint(std::string_view key, std::string_view section,
                                   std::span<const std::string_view> known);

}  // namespace provisr::daemon
