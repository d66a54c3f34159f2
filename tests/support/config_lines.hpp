#pragma once

#include "daemon/config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What tests of the configuration share.
namespace provisr::test {

using Lines = std::vector<std::string>;

inline const Lines no_lines;

[[nodiscard]] inline Lines lines_of(const std::vector<daemon::ConfigNotice>& notices) {
  Lines lines;
  for (const daemon::ConfigNotice& notice : notices) lines.push_back(notice.to_string());
  return lines;
}

/// A process with a name and `keys`; the keys start in line 3.
[[nodiscard]] inline std::string process_with(std::string_view keys) {
  return "[[processes]]\nname = \"a\"\n" + std::string(keys) + "\n";
}

}  // namespace provisr::test
