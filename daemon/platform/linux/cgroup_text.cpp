#include "daemon/platform/linux/cgroup_text.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

/// Removes the next part from `text` and returns it.
[[nodiscard]] std::string_view next_part(std::string_view& text, char separator) noexcept {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

[[nodiscard]] bool has_controller(std::string_view list, std::string_view controller) noexcept {
  if (controller.empty()) return list.empty();
  while (!list.empty()) {
    if (next_part(list, ',') == controller) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string_view> cgroup_path(std::string_view text,
                                            std::string_view controller) noexcept {
  while (!text.empty()) {
    std::string_view line = next_part(text, '\n');
    static_cast<void>(next_part(line, ':'));  // the hierarchy ID
    if (has_controller(next_part(line, ':'), controller)) return line;
  }
  return std::nullopt;
}

std::optional<std::string_view> systemd_cgroup_path(std::string_view text) noexcept {
  const auto version_1 = cgroup_path(text, "name=systemd");
  return version_1 ? version_1 : cgroup_path(text, "");
}

std::optional<std::string_view> systemd_unit_of(std::string_view path) noexcept {
  std::optional<std::string_view> unit;
  while (!path.empty()) {
    const std::string_view part = next_part(path, '/');
    if (part.ends_with(".service") || part.ends_with(".scope")) unit = part;
  }
  return unit;
}

}  // namespace provisr::daemon
