#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// A larger file is refused.
inline constexpr std::size_t max_token_file_size = 4096;

/// Shorter tokens can be guessed.
inline constexpr std::size_t least_safe_token_length = 16;

/// The content of a token file.
struct TokenFile {
  std::string token;
  std::string fault;  ///< what is wrong with the file, or empty; never shows its content
};

/// Reads a token: one word of visible ASCII characters, perhaps with white space around it. The
/// file must be a regular one that only its owner can access. Does not block on a FIFO or a device.
[[nodiscard]] TokenFile read_token_file(const std::filesystem::path& file);

/// Like read_token_file(), for the text of a file.
[[nodiscard]] TokenFile parse_token(std::string_view text);

}  // namespace provisr::daemon
