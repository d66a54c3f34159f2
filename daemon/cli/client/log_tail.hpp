#pragma once

#include "daemon/cli/client/status_report.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

inline constexpr std::size_t log_lines_shown = 10;

/// Returns the last `most` lines of `text`, safe for a terminal: removes colour sequences, escapes
/// other control characters, replaces bytes that are not UTF-8, and cuts lines off at `columns`.
/// Without `is_whole`, `text` may begin within a line: leaves out that line unless it is the only
/// one.
[[nodiscard]] std::vector<std::string> last_lines(std::string_view text, bool is_whole,
                                                  std::size_t most, std::size_t columns);

/// Returns the ends of the output files of a process of this machine. Leaves out a file that is
/// empty, cannot be read or is not a regular file, and never blocks on it.
[[nodiscard]] std::vector<LogTail> log_tails_of(const ProcessReport& process, std::size_t columns);

}  // namespace provisr::daemon
