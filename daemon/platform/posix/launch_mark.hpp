#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// The entry in the environment of a child that identifies it. Descendants inherit it.
namespace provisr::daemon {

inline constexpr std::string_view mark_key = "PROVISR_LAUNCH=";

/// `launch_id` is that of the ChildCommand.
[[nodiscard]] inline std::string launch_mark(std::string_view launch_id) {
  return std::string(mark_key).append(launch_id);
}

/// Returns the mark in an environment, whose entries end with a null character; empty if there is
/// none.
[[nodiscard]] inline std::string_view mark_in(std::string_view environment) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    if (entry.starts_with(mark_key)) return entry;
    environment.remove_prefix(std::min(entry.size() + 1, environment.size()));
  }
  return {};
}

}  // namespace provisr::daemon
