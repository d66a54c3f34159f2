#include "daemon/cli/top/frame.hpp"

#include "daemon/cli/client/terminal_text.hpp"

#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns,
                                 std::string_view ellipsis) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  return std::string(first_columns(text, columns - 1)) + std::string(ellipsis);
}

[[nodiscard]] std::string spaces(std::size_t columns, std::string_view besides) {
  const std::size_t width = display_width(besides);
  return std::string(width < columns ? columns - width : 0, ' ');
}

}  // namespace

void Line::add(std::string_view text, Style style, std::size_t columns, std::string_view ellipsis) {
  const std::size_t used = width();
  if (used >= columns) return;
  std::string piece = fitted(text, columns - used, ellipsis);
  if (!piece.empty()) spans.push_back({std::move(piece), style});
}

std::size_t Line::width() const {
  std::size_t columns = 0;
  for (const Span& span : spans) columns += display_width(span.text);
  return columns;
}

std::string Line::text() const {
  std::string whole;
  for (const Span& span : spans) whole += span.text;
  return whole;
}

std::string padded(std::string_view text, std::size_t columns, std::string_view ellipsis) {
  const std::string piece = fitted(text, columns, ellipsis);
  return piece + spaces(columns, piece);
}

std::string padded_left(std::string_view text, std::size_t columns, std::string_view ellipsis) {
  const std::string piece = fitted(text, columns, ellipsis);
  return spaces(columns, piece) + piece;
}

}  // namespace provisr::daemon
