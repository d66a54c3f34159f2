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

/// The view that the user has chosen.
struct ViewChoice {
  SortKey sort = SortKey::name;
  bool is_reverse = false;
  /// The places of rows by id, from the last sort: rows keep their place while the figures change.
  std::map<std::string, std::size_t> places;
  std::string filter;
  bool is_typing_filter = false;
  std::set<std::string> folded;  ///< bases
  std::string selected;          ///< the id of a row; empty: none yet
  std::size_t selected_at = 0;   ///< the place of that row
  std::size_t first = 0;         ///< the first row on the screen
  bool shows_help = false;
};

/// The figures of a process, or their sums over a group.
struct Row {
  std::string id;    ///< unique, although a group and a process may share a name
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

/// Returns all rows in order. A group has two or more members, which stand below it unless it is
/// folded; other processes have no group.
[[nodiscard]] std::vector<Row> rows_of(const Board& board, const ViewChoice& choice);

/// Sorts all rows, folded ones included, by their current figures.
void sort_now(ViewChoice& choice, const Board& board);

/// Scrolls so that the selected row is among the `height` rows on the screen. If that row is gone,
/// selects the row at its place.
void settle(ViewChoice& choice, const std::vector<Row>& rows, std::size_t height);

}  // namespace provisr::daemon
