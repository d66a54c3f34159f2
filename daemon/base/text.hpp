#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// `text` with line breaks and other ASCII control characters as \n, \t, \x1b ..., so that it
/// stays on one line and cannot steer a terminal.
[[nodiscard]] std::string escape_controls(std::string_view text);

/// The candidate that `word` most likely was meant to be, by edit distance and regardless of
/// case; empty where none is near enough.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> candidates);

/// "; did you mean "x"?", or nothing where no candidate is near enough.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// The file that a UTF-8 text names; and its name as UTF-8, to show it. On POSIX systems, where a
/// name is whatever bytes it has, these stay as they are.
[[nodiscard]] std::filesystem::path path_of(std::string_view name);
[[nodiscard]] std::string name_of(const std::filesystem::path& path);

}  // namespace provisr::daemon
