#pragma once

#include "daemon/cli/top/frame.hpp"
#include "daemon/cli/top/rows.hpp"
#include "daemon/platform/terminal.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// The frame, as a pure function of the board, the user's choice and the size of the screen.
namespace provisr::daemon {

struct ViewSettings {
  TerminalSize size;
  bool is_utf8 = true;
  std::chrono::steady_clock::time_point now;
};

/// Returns how many rows of the table fit.
[[nodiscard]] std::size_t table_height(const Board& board, const ViewChoice& choice,
                                       const ViewSettings& settings);

/// Returns a frame that fits into `settings.size`. Escapes control characters in names and errors.
/// `rows` must be the result of rows_of().
[[nodiscard]] Frame render(const Board& board, const std::vector<Row>& rows,
                           const ViewChoice& choice, const ViewSettings& settings);

/// Returns the whole table as text, with every row and without the line about keys.
[[nodiscard]] std::string render_text(const Board& board, std::size_t columns, bool is_utf8);

/// Returns a chart of the newest values, one column each, from 0 to the largest; gaps are spaces.
[[nodiscard]] std::string chart(const std::vector<std::optional<double>>& values,
                                std::size_t columns, bool is_utf8);

}  // namespace provisr::daemon
