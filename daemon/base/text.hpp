#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Of ASCII alone, whatever the locale.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// `text` with ASCII control characters escaped as \n, \t, \x1b ...: it stays on one line and
/// cannot control a terminal.
[[nodiscard]] std::string escape_controls(std::string_view text);

/// The candidate nearest to `word` by case-insensitive edit distance; empty if none is near
/// enough to be what was meant.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> candidates);

/// "; did you mean "x"?", or nothing if no candidate is near enough.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// Converts between UTF-8 text and a path. On POSIX systems, where a path is arbitrary bytes, both
/// keep the bytes as they are.
[[nodiscard]] std::filesystem::path path_of(std::string_view name);
[[nodiscard]] std::string name_of(const std::filesystem::path& path);

}  // namespace provisr::daemon
