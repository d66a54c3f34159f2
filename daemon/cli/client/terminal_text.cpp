#include "daemon/cli/client/terminal_text.hpp"

#include "daemon/base/utf8.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
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

/// Line and paragraph separators, and the marks that reorder a line on the screen.
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

/// Valid UTF-8 with `replacement(code)` in place of each character that it is not empty for.
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

/// Characters, each taken for one column wide.
[[nodiscard]] std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

[[nodiscard]] std::vector<std::size_t> widths_of(
    const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(width_of(row[i]), max_process_name_length));
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

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  const std::vector<std::size_t> widths = widths_of(rows);
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 == row.size()) break;
      const std::size_t width = width_of(row[i]);
      text.append(2 + (width < widths[i] ? widths[i] - width : 0), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string short_age(std::chrono::seconds age) {
  const auto seconds = age.count();
  constexpr long long minute = 60, hour = 60 * minute, day = 24 * hour;
  if (seconds >= day) return fmt::format("{}d{}h", seconds / day, seconds % day / hour);
  if (seconds >= hour) return fmt::format("{}h{}m", seconds / hour, seconds % hour / minute);
  if (seconds >= minute) return fmt::format("{}m{}s", seconds / minute, seconds % minute);
  return fmt::format("{}s", seconds);
}

}  // namespace provisr::daemon
