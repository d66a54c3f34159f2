#include "daemon/cli/top/painter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace provisr::daemon {
namespace {

/// Returns the Select Graphic Rendition parameters of a style. Uses neither yellow, which is
/// unreadable on white, nor blue, which is unreadable on black.
[[nodiscard]] std::string_view rendition(Style style, bool has_colours) {
  switch (style) {
    case Style::plain:
      return "0";
    case Style::dim:
      return "0;2";
    case Style::strong:
      return "0;1";
    case Style::good:
      return has_colours ? "0;32" : "0";
    case Style::waiting:
      return has_colours ? "0;35" : "0;1";
    case Style::bad:
      return has_colours ? "0;1;31" : "0;1";
    case Style::data:
      return has_colours ? "0;36" : "0";
  }
  return "0";
}

}  // namespace

std::string Painter::line(const Line& line) const {
  // Erase first: after the last column is written, the cursor still stands on it.
  std::string text = "\x1b[0m\x1b[K";
  for (const Span& span : line.spans) {
    text += fmt::format("\x1b[{}{}m{}", rendition(span.style, has_colours_),
                        line.is_inverse ? ";7" : "", span.text);
  }
  return text + "\x1b[0m";
}

std::string Painter::paint(const Frame& frame) {
  std::string text = is_known_ ? "" : "\x1b[0m\x1b[2J";
  if (!is_known_) shown_.clear();
  for (std::size_t i = 0; i < std::max(frame.size(), shown_.size()); ++i) {
    const Line empty;
    const Line& now = i < frame.size() ? frame[i] : empty;
    const bool is_shown = i < shown_.size() && shown_[i] == now;
    if (!is_shown) text += fmt::format("\x1b[{};1H{}", i + 1, line(now));
  }
  shown_ = frame;
  is_known_ = true;
  return text;
}

}  // namespace provisr::daemon
