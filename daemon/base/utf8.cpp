#include "daemon/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace provisr::daemon {
namespace {

struct Range {
  unsigned char first;
  unsigned char last;

  [[nodiscard]] bool holds(unsigned char byte) const { return byte >= first && byte <= last; }
};

/// A row of table 3-7: ranges of the lead byte and the second byte, and the length of the sequence.
struct Sequence {
  Range lead;
  Range second;
  std::size_t length;
};

constexpr Range continuation{0x80, 0xbf};
constexpr auto sequences = std::to_array<Sequence>({{{0xc2, 0xdf}, continuation, 2},
                                                    {{0xe0, 0xe0}, {0xa0, 0xbf}, 3},
                                                    {{0xe1, 0xec}, continuation, 3},
                                                    {{0xed, 0xed}, {0x80, 0x9f}, 3},
                                                    {{0xee, 0xef}, continuation, 3},
                                                    {{0xf0, 0xf0}, {0x90, 0xbf}, 4},
                                                    {{0xf1, 0xf3}, continuation, 4},
                                                    {{0xf4, 0xf4}, {0x80, 0x8f}, 4}});

unsigned char byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// Returns the length of a prefix that is certainly ASCII. Checks eight bytes at once.
std::size_t ascii_prefix(std::string_view text) {
  constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080U;
  std::uint64_t word = 0;
  std::size_t length = 0;
  for (; length + sizeof word <= text.size(); length += sizeof word) {
    std::memcpy(&word, text.data() + length, sizeof word);
    if ((word & high_bits) != 0) break;
  }
  return length;
}

/// Returns the length of the well-formed sequence at the beginning of `text`; 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  if (byte_at(text, 0) < 0x80) return 1;
  const auto* const found =
      std::find_if(sequences.begin(), sequences.end(),
                   [&](const Sequence& sequence) { return sequence.lead.holds(byte_at(text, 0)); });
  if (found == sequences.end() || text.size() < found->length) return 0;
  if (!found->second.holds(byte_at(text, 1))) return 0;
  for (std::size_t i = 2; i < found->length; ++i) {
    if (!continuation.holds(byte_at(text, i))) return 0;
  }
  return found->length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  text.remove_prefix(ascii_prefix(text));
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    valid += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

}  // namespace provisr::daemon
