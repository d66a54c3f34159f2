#pragma once

#include "daemon/config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Helpers for tests of the configuration.
namespace provisr::test {

using Lines = std::vector<std::string>;

inline const Lines no_lines;

[[nodiscard]] inline Lines lines_of(const std::vector<daemon::ConfigNotice>& notices) {
  Lines lines;
  for (const daemon::ConfigNotice& notice : notices) lines.push_back(notice.to_string());
  return lines;
}

/// Returns a [[processes]] entry with a name and `keys`, which start in line 3.
[[nodiscard]] inline std::string process_with(std::string_view keys) {
  return "[[processes]]\nname = \"a\"\n" + std::string(keys) + "\n";
}

}  // namespace provisr::test
