#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace provisr::detail {

/// Returns a hash of a name. Its high bits are well mixed, because it is a product. The standard
/// library's hash is a function call that takes longer than the rest of the search for a short
/// name.
[[nodiscard]] inline std::uint64_t name_hash(std::string_view name) noexcept {
  const auto mix = [](std::uint64_t hash, std::uint64_t word) {
    return (std::rotl(hash, 32) ^ word) * 0x9E37'79B9'7F4A'7C15U;
  };
  const auto word_at = [name](std::size_t offset) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data() + offset, sizeof word);
    return word;
  };
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  std::uint64_t hash = name.size();
  if (name.size() < word_size) {
    for (const char character : name) hash = hash << 8 | static_cast<unsigned char>(character);
    return mix(0, hash);
  }
  for (std::size_t offset = 0; offset + word_size < name.size(); offset += word_size) {
    hash = mix(hash, word_at(offset));
  }
  return mix(hash, word_at(name.size() - word_size));
}

}  // namespace provisr::detail
