#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Recognizes ASCII only, in every locale.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Converts ASCII letters only, in every locale.
[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] std::string ascii_lower(std::string_view text);

/// Returns `text` without the characters of `blanks` at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view blanks);

/// Returns `text` with ASCII control characters escaped as \n, \t, \x1b ..., so that the text stays
/// on one line and cannot control a terminal.
[[nodiscard]] std::string escape_controls(std::string_view text);

/// Returns the candidate nearest to `word` by case-insensitive edit distance; empty if no candidate
/// is near enough to be a likely typo.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> candidates);

/// Returns the hint "; did you mean "x"?", or an empty string if no candidate is near enough.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// Convert between UTF-8 text and a path. On POSIX systems, where a path is arbitrary bytes, both
/// keep the bytes unchanged.
[[nodiscard]] std::filesystem::path path_of(std::string_view name);
[[nodiscard]] std::string name_of(const std::filesystem::path& path);

}  // namespace provisr::daemon
