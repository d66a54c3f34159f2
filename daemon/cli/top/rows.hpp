#pragma once

#include "daemon/cli/top/board.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace provisr::daemon {

enum class SortKey { name, state, uptime, restarts, cpu, memory, threads, descriptors };

/// What the user has chosen to see.
struct ViewChoice {
  SortKey sort = SortKey::name;
  bool is_reverse = false;
  /// The places of rows by their ids, from when they were sorted last: rows keep their place while
  /// the figures move.
  std::map<std::string, std::size_t> places;
  std::string filter;
  bool is_typing_filter = false;
  std::set<std::string> folded;  ///< bases
  std::string selected;          ///< the id of a row; empty: none yet
  std::size_t selected_at = 0;   ///< where that row was
  std::size_t first = 0;         ///< the first row on the screen
  bool shows_help = false;
};

/// The figures of a process, or of a group: their sum.
struct Row {
  std::string id;    ///< unique and unmistakable: a group and a process may share a name
  std::string name;  ///< as received
  std::string state;
  StateKind kind = StateKind::up;
  bool is_group = false;
  bool is_folded = false;
  bool is_member = false;  ///< stands below its group
  std::size_t members = 0;
  std::size_t members_up = 0;
  std::optional<double> uptime_seconds;
  std::optional<double> restarts;
  std::optional<double> cpu_percent;
  std::optional<double> memory_mb;
  std::optional<double> threads;
  std::optional<double> descriptors;
  std::vector<std::optional<double>> chart;  ///< CPU, the oldest first
};

/// The rows from the first to the last: groups of two or more with their members below them unless
/// they are folded, and processes without a group.
[[nodiscard]] std::vector<Row> rows_of(const Board& board, const ViewChoice& choice);

/// Sorts all rows, folded ones included, by what their figures are now.
void sort_now(ViewChoice& choice, const Board& board);

/// Keeps the selected row, and the row where it was if it is gone, among those on the screen, which
/// has room for `height` rows.
void settle(ViewChoice& choice, const std::vector<Row>& rows, std::size_t height);

}  // namespace provisr::daemon
