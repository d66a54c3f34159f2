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
  /// Empty if it is not known.
  std::string (*value)(const Row& row);
};

/// Which columns fit, and how wide those are that take what is left.
struct Layout {
  std::size_t name = 0;
  std::vector<const Column*> columns;  ///< between name and chart, from left to right
  std::size_t chart = 0;               ///< 0: none
};

/// `longest_name` includes what stands before the name.
[[nodiscard]] Layout layout_for(std::size_t width, std::size_t longest_name);

}  // namespace provisr::daemon
