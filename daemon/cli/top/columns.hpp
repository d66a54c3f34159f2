#pragma once

#include "daemon/cli/top/rows.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace provisr::daemon {

struct Column {
  const char* head;
  std::size_t width;
  SortKey key;
  /// Returns the text of the cell; empty if the value is not known.
  std::string (*value)(const Row& row);
};

/// The columns that fit, and the widths of name and chart, which take the rest.
struct Layout {
  std::size_t name = 0;
  std::vector<const Column*> columns;  ///< from left to right, between name and chart
  std::size_t chart = 0;               ///< 0: none
};

/// Returns the layout for a screen of `width`. `longest_name` includes the prefix of the name.
[[nodiscard]] Layout layout_for(std::size_t width, std::size_t longest_name);

}  // namespace provisr::daemon
