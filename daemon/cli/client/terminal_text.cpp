#include "daemon/cli/client/terminal_text.hpp"

#include "daemon/base/utf8.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace provisr::daemon {
namespace {

/// A character of valid UTF-8.
struct Character {
  std::string_view bytes;
  char32_t code;
};

[[nodiscard]] bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

[[nodiscard]] Character first_of(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && continues(text[length])) ++length;
  constexpr unsigned lead_masks[] = {0x7f, 0x1f, 0x0f, 0x07};
  char32_t code =
      static_cast<unsigned char>(text[0]) & lead_masks[std::min<std::size_t>(length, 4) - 1];
  for (const char byte : text.substr(1, length - 1)) {
    code = (code << 6U) | (static_cast<unsigned char>(byte) & 0x3fU);
  }
  return {text.substr(0, length), code};
}

[[nodiscard]] bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/// Returns whether `code` is a line or paragraph separator, or a mark that reorders a line.
[[nodiscard]] bool moves_text(char32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

[[nodiscard]] std::string json_escape(char32_t code) {
  return fmt::format("\\u{:04x}", static_cast<unsigned>(code));
}

[[nodiscard]] std::string escaped(char32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(code))
                         : json_escape(code);
  }
}

/// Returns valid UTF-8 in which `replacement(code)` replaces each character unless it is empty.
template <class Replacement>
[[nodiscard]] std::string replaced(std::string_view text, Replacement&& replacement) {
  if (!is_valid_utf8(text)) return replaced(to_valid_utf8(text), replacement);
  std::string changed;
  changed.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::string other = replacement(character.code);
    changed += other.empty() ? character.bytes : other;
    text.remove_prefix(character.bytes.size());
  }
  return changed;
}

struct CodeRange {
  char32_t first;
  char32_t last;
};

/// Combining marks, joiners and variation selectors; only those that texts are likely to have.
constexpr auto without_width = std::to_array<CodeRange>({
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},   {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x093c, 0x093c}, {0x0941, 0x0948},   {0x094d, 0x094d}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200d},
    {0x2060, 0x2064}, {0x20d0, 0x20ff}, {0x302a, 0x302d},   {0x3099, 0x309a}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
});

/// The wide and full-width blocks of Unicode, and emoji.
constexpr auto wide = std::to_array<CodeRange>({
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2614, 0x2615},
    {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x274c, 0x274c},   {0x2753, 0x2755},
    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18dff},
    {0x1b000, 0x1b2ff}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff},
    {0x20000, 0x3fffd},
});

template <class Ranges>
[[nodiscard]] bool is_one_of(const Ranges& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const CodeRange& range) {
    return range.first <= code && code <= range.last;
  });
}

[[nodiscard]] std::size_t width_of(char32_t code) {
  if (code < 0x300) return 1;
  if (is_one_of(without_width, code)) return 0;
  return is_one_of(wide, code) ? 2 : 1;
}

[[nodiscard]] std::vector<std::size_t> widths_of(
    const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(display_width(row[i]), max_process_name_length));
    }
  }
  return widths;
}

}  // namespace

std::string printable(std::string_view text) {
  return replaced(text, [](char32_t code) {
    return is_control(code) || moves_text(code) ? escaped(code) : std::string();
  });
}

std::string printable_json(std::string_view json) {
  return replaced(json, [](char32_t code) {
    const bool is_harmful = (is_control(code) && code >= 0x7f) || moves_text(code);
    return is_harmful ? json_escape(code) : std::string();
  });
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    columns += width_of(character.code);
    text.remove_prefix(character.bytes.size());
  }
  return columns;
}

std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t size = 0;
  while (size < text.size()) {
    const Character character = first_of(text.substr(size));
    const std::size_t width = width_of(character.code);
    if (width > columns) break;
    columns -= width;
    size += character.bytes.size();
  }
  return text.substr(0, size);
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  const std::vector<std::size_t> widths = widths_of(rows);
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 == row.size()) break;
      const std::size_t width = display_width(row[i]);
      text.append(2 + (width < widths[i] ? widths[i] - width : 0), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string format_age(std::chrono::seconds age) {
  const auto seconds = age.count();
  constexpr long long minute = 60, hour = 60 * minute, day = 24 * hour;
  if (seconds >= day) return fmt::format("{}d{}h", seconds / day, seconds % day / hour);
  if (seconds >= hour) return fmt::format("{}h{}m", seconds / hour, seconds % hour / minute);
  if (seconds >= minute) return fmt::format("{}m{}s", seconds / minute, seconds % minute);
  return fmt::format("{}s", seconds);
}

}  // namespace provisr::daemon
