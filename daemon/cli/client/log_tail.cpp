#include "daemon/cli/client/log_tail.hpp"

#include "daemon/base/text.hpp"
#include "daemon/cli/client/terminal_text.hpp"
#include "daemon/platform/regular_file.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::size_t max_bytes = std::size_t{64} * 1024;

/// Returns the length of the colour sequence ("ESC [ 1 ; 31 m") at the start of `text`; 0 if there
/// is none.
[[nodiscard]] std::size_t colour_length(std::string_view text) {
  if (text.size() < 3 || text[0] != escape_character || text[1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

[[nodiscard]] std::string without_colours(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t length = colour_length(text);
    if (length == 0) plain += text.front();
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return plain;
}

[[nodiscard]] std::string shown_line(std::string_view line, std::size_t columns) {
  constexpr std::string_view ellipsis = "...";
  constexpr std::size_t bytes_a_column = 16;  // enough for colours and combining marks
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string text = printable(without_colours(line.substr(0, columns * bytes_a_column)));
  if (display_width(text) <= columns) return text;
  const std::size_t kept = columns > ellipsis.size() ? columns - ellipsis.size() : 0;
  return std::string(first_columns(text, kept)) + std::string(ellipsis);
}

/// Removes the last line from `text` and returns it without its line break.
[[nodiscard]] std::string_view take_last_line(std::string_view& text) {
  const std::size_t line_break = text.rfind('\n');
  const bool is_only = line_break == std::string_view::npos;
  const std::string_view line = is_only ? text : text.substr(line_break + 1);
  text = is_only ? std::string_view() : text.substr(0, line_break);
  return line;
}

[[nodiscard]] LogTail tail_of(std::string_view label, const std::string& file,
                              std::size_t columns) {
  LogTail tail{.label = std::string(label), .file = file, .lines = {}};
  const std::filesystem::path path = path_of(file);
  if (!path.is_absolute()) return tail;
  std::error_code error;
  const auto end = read_end_of_regular_file(path, max_bytes, error);
  if (end) tail.lines = last_lines(end->text, end->is_whole, log_lines_shown, columns);
  return tail;
}

}  // namespace

std::vector<std::string> last_lines(std::string_view text, bool is_whole, std::size_t most,
                                    std::size_t columns) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!is_whole) text.remove_prefix(text.find('\n') + 1);  // npos + 1 is 0: keeps a single line
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < most) {
    lines.push_back(shown_line(take_last_line(text), columns));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::vector<LogTail> log_tails_of(const ProcessReport& process, std::size_t columns) {
  std::vector<LogTail> tails;
  const bool is_one = process.stdout_file == process.stderr_file;
  if (!process.stdout_file.empty()) {
    tails.push_back(tail_of(is_one ? "Output" : "Stdout", process.stdout_file, columns));
  }
  if (!process.stderr_file.empty() && !is_one) {
    tails.push_back(tail_of("Stderr", process.stderr_file, columns));
  }
  std::erase_if(tails, [](const LogTail& tail) { return tail.lines.empty(); });
  return tails;
}

}  // namespace provisr::daemon
