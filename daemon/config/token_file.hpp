#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// A larger file holds no token.
inline constexpr std::size_t max_token_file_size = 4096;

/// A shorter token can be guessed.
inline constexpr std::size_t least_safe_token_length = 16;

/// What a token file holds.
struct TokenFile {
  std::string token;
  std::string fault;  ///< what is wrong with the file, or empty; never shows what it holds
};

/// Reads a token: one word of visible ASCII characters, with or without white space around it. The
/// file is a regular one that only its owner may read. Does not block on a FIFO or a device.
[[nodiscard]] TokenFile read_token_file(const std::filesystem::path& file);

/// The same from the text of a file.
[[nodiscard]] TokenFile parse_token(std::string_view text);

}  // namespace provisr::daemon
