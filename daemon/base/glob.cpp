#include "daemon/base/glob.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

constexpr std::size_t word_bits = 64;
constexpr std::size_t byte_values = 256;

[[nodiscard]] std::size_t index_of(char byte) {
  return static_cast<unsigned char>(byte);
}

}  // namespace

Glob::Segment::Segment(std::string_view text)
    : text_(text),
      words_((text.size() + word_bits - 1) / word_bits),
      places_(byte_values * words_, 0) {
  for (std::size_t place = 0; place < text.size(); ++place) {
    const std::uint64_t bit = std::uint64_t{1} << (place % word_bits);
    for (std::size_t byte = 0; byte < byte_values; ++byte) {
      const bool fits = text[place] == '?' || index_of(text[place]) == byte;
      if (fits) places_[byte * words_ + place / word_bits] |= bit;
    }
  }
}

bool Glob::Segment::is_at(std::string_view text, std::size_t at, std::size_t& steps) const {
  for (std::size_t place = 0; place < text_.size(); ++place) {
    ++steps;
    if (text_[place] != '?' && text_[place] != text[at + place]) return false;
  }
  return true;
}

/// Shift-And: bit i of `begun` says that the first i + 1 bytes of the segment end at `end`.
std::optional<std::size_t> Glob::Segment::find(std::string_view text, std::size_t at,
                                               std::size_t& steps) const {
  if (text_.empty()) return at;
  std::vector<std::uint64_t> begun(words_, 0);
  const std::size_t last = text_.size() - 1;
  const std::uint64_t whole = std::uint64_t{1} << (last % word_bits);
  for (std::size_t end = at; end < text.size(); ++end) {
    const std::uint64_t* const fits = &places_[index_of(text[end]) * words_];
    std::uint64_t carry = 1;
    for (std::size_t word = 0; word < words_; ++word) {
      ++steps;
      const std::uint64_t next_carry = begun[word] >> (word_bits - 1);
      begun[word] = ((begun[word] << 1U) | carry) & fits[word];
      carry = next_carry;
    }
    if ((begun[last / word_bits] & whole) != 0) return end - last;
  }
  return std::nullopt;
}

Glob::Glob(std::string_view pattern) {
  for (;;) {
    const std::size_t star = pattern.find('*');
    segments_.emplace_back(pattern.substr(0, star));
    if (star == std::string_view::npos) return;
    pattern.remove_prefix(star + 1);
  }
}

std::optional<std::vector<std::string_view>> Glob::match(std::string_view text,
                                                         std::size_t& steps) const {
  std::vector<std::string_view> captures;
  const Segment& first = segments_.front();
  const Segment& last = segments_.back();
  if (segments_.size() == 1) {
    const bool fits = text.size() == first.size() && first.is_at(text, 0, steps);
    return fits ? std::optional(captures) : std::nullopt;
  }
  if (text.size() < first.size() + last.size()) return std::nullopt;
  const std::size_t end = text.size() - last.size();
  if (!first.is_at(text, 0, steps) || !last.is_at(text, end, steps)) return std::nullopt;
  std::size_t at = first.size();
  for (std::size_t i = 1; i + 1 < segments_.size(); ++i) {
    const auto found = segments_[i].find(text.substr(0, end), at, steps);
    if (!found) return std::nullopt;
    captures.push_back(text.substr(at, *found - at));
    at = *found + segments_[i].size();
  }
  captures.push_back(text.substr(at, end - at));
  return captures;
}

std::optional<std::vector<std::string_view>> Glob::match(std::string_view text) const {
  std::size_t ignored = 0;
  return match(text, ignored);
}

}  // namespace provisr::daemon
