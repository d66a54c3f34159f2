#pragma once

#include <optional>
#include <string_view>

/// Pure functions that parse /proc/PID/cgroup (cgroups(7)).
namespace provisr::daemon {

/// Returns the path of the cgroup in the hierarchy of `controller`, or in that of version 2 if
/// `controller` is empty. Returns empty if `text` has no such hierarchy.
[[nodiscard]] std::optional<std::string_view> cgroup_path(std::string_view text,
                                                          std::string_view controller) noexcept;

/// Returns the path that systemd uses: in the hierarchy `name=systemd` on a machine with version
/// 1's controllers, otherwise in that of version 2. Empty if `text` has neither.
[[nodiscard]] std::optional<std::string_view> systemd_cgroup_path(std::string_view text) noexcept;

/// Returns the last component of a path that ends with .service or .scope; empty if there is none.
[[nodiscard]] std::optional<std::string_view> systemd_unit_of(std::string_view path) noexcept;

}  // namespace provisr::daemon
