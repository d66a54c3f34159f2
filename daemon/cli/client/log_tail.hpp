#pragma once

#include "daemon/cli/client/status_report.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// How many lines of a log are shown.
inline constexpr std::size_t log_lines_shown = 10;

/// The last `most` lines of `text`, safe for a terminal: sequences that colour it are left out,
/// other controls escaped, bytes that are not UTF-8 replaced, and what is wider than `columns` cut
/// off. Without `is_whole`, `text` begins somewhere in a line, which is left out unless it is all
/// there is.
[[nodiscard]] std::vector<std::string> last_lines(std::string_view text, bool is_whole,
                                                  std::size_t most, std::size_t columns);

/// The ends of the files that the process, one of this machine, writes its output to. One that
/// cannot be read, is empty or no regular file is left out; nothing blocks on it.
[[nodiscard]] std::vector<LogTail> log_tails_of(const ProcessReport& process, std::size_t columns);

}  // namespace provisr::daemon
