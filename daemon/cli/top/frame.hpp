#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The meaning of a piece of a line. Painter chooses the colours.
enum class Style { plain, dim, strong, good, waiting, bad, data };

struct Span {
  std::string text;  ///< printable
  Style style = Style::plain;

  bool operator==(const Span&) const = default;
};

struct Line {
  std::vector<Span> spans;
  bool is_inverse = false;

  /// Appends `text`, cut off with `ellipsis` (one column) if the line would exceed `columns`.
  void add(std::string_view text, Style style, std::size_t columns, std::string_view ellipsis);
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::string text() const;

  bool operator==(const Line&) const = default;
};

using Frame = std::vector<Line>;

/// Returns `text`, cut off or padded with spaces at the end to exactly `columns`.
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns,
                                 std::string_view ellipsis);
/// The same with the spaces in front.
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t columns,
                                      std::string_view ellipsis);

}  // namespace provisr::daemon
