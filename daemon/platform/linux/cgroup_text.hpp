#pragma once

#include <optional>
#include <string_view>

/// What /proc/PID/cgroup says (cgroups(7)): pure functions over text.
namespace provisr::daemon {

/// The path of the control group in the hierarchy of that controller; in version 2's if it is
/// empty. Empty if `text` does not tell.
[[nodiscard]] std::optional<std::string_view> cgroup_path(std::string_view text,
                                                          std::string_view controller) noexcept;

/// The path that systemd goes by: that of version 2 or, on a machine that has version 1's
/// controllers, of the hierarchy `name=systemd`. Empty if `text` tells neither.
[[nodiscard]] std::optional<std::string_view> systemd_cgroup_path(std::string_view text) noexcept;

/// The last part of a path that ends with .service or .scope; empty if there is none.
[[nodiscard]] std::optional<std::string_view> systemd_unit_of(std::string_view path) noexcept;

}  // namespace provisr::daemon
