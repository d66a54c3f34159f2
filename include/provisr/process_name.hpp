#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace provisr {

inline constexpr std::size_t max_process_name_length = 128;

/// Returns whether a name matches [A-Za-z0-9._-]{1,128} and contains no "..". Such a name needs no
/// escaping in a URL, JSON or a Prometheus label, nor as a part of a file name: "." is a valid
/// name, so append an extension.
[[nodiscard]] constexpr bool is_valid_process_name(std::string_view name) noexcept {
  constexpr auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= max_process_name_length &&
         std::all_of(name.begin(), name.end(), is_allowed) &&
         name.find("..") == std::string_view::npos;
}

/// Returns whether `name` is in the group of `base`: either `base` itself or `base-<digits>`. For
/// example, "my-app-server-1" is not in the group of "my-app".
[[nodiscard]] constexpr bool is_instance_of(std::string_view name, std::string_view base) noexcept {
  if (!name.starts_with(base)) return false;
  const std::string_view rest = name.substr(base.size());
  if (rest.empty()) return true;
  const std::string_view digits = rest.substr(1);
  return rest.front() == '-' && !digits.empty() &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Returns the base of an instance name: "my-app" for "my-app-3". A name that does not end with
/// "-<digits>" is its own base. `name` is always in the group of the result.
[[nodiscard]] constexpr std::string_view base_of(std::string_view name) noexcept {
  const std::size_t dash = name.find_last_not_of("0123456789");
  const bool is_instance =
      dash != std::string_view::npos && dash > 0 && name[dash] == '-' && dash + 1 < name.size();
  return is_instance ? name.substr(0, dash) : name;
}

}  // namespace provisr
