#pragma once

#include "daemon/cli/top/frame.hpp"
#include "daemon/cli/top/rows.hpp"
#include "daemon/platform/terminal.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// The frame as a pure function of what is known, chosen, and of the size.
namespace provisr::daemon {

struct ViewSettings {
  TerminalSize size;
  bool is_utf8 = true;
  std::chrono::steady_clock::time_point now;
};

/// How many rows of the table fit.
[[nodiscard]] std::size_t table_height(const Board& board, const ViewChoice& choice,
                                       const ViewSettings& settings);

/// A screen of at most `size`: no more lines, none of them wider. Controls in names and errors are
/// escaped. `rows` are those of rows_of().
[[nodiscard]] Frame render(const Board& board, const std::vector<Row>& rows,
                           const ViewChoice& choice, const ViewSettings& settings);

/// All of it, with every row and without the lines that belong to keys.
[[nodiscard]] std::string render_text(const Board& board, std::size_t columns, bool is_utf8);

/// The newest values, one column each, from 0 to the largest of them; a gap is a space.
[[nodiscard]] std::string chart(const std::vector<std::optional<double>>& values,
                                std::size_t columns, bool is_utf8);

}  // namespace provisr::daemon
