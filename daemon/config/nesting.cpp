#include "daemon/config/nesting.hpp"

#include <algorithm>
#include <string>

namespace provisr::daemon {
namespace {

/// Counts brackets and dots of a TOML text outside strings and comments.
class Scanner {
 public:
  explicit Scanner(std::string_view toml) : rest_(toml) {}

  std::size_t line_too_deep() {
    while (!rest_.empty()) {
      take_next();
      if (open_ > max_nesting || dots_ > max_nesting) return line_;
    }
    return 0;
  }

 private:
  void take_next() {
    const char next = rest_.front();
    if (next == '"' || next == '\'') {
      skip_string(next);
    } else if (next == '#') {
      skip(std::min(rest_.find('\n'), rest_.size()));
    } else {
      count(next);
      skip(1);
    }
  }

  void count(char next) {
    if (next == '.') {
      ++dots_;
    } else if (next != ' ' && next != '\t' && !is_key_character(next)) {
      dots_ = 0;
    }
    if (next == '[' || next == '{') ++open_;
    if ((next == ']' || next == '}') && open_ > 0) --open_;
  }

  static bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool is_multi_line = rest_.starts_with(three);
    skip(is_multi_line ? 3 : 1);
    while (!rest_.empty()) {
      if (quote == '"' && rest_.front() == '\\') {
        skip(2);
      } else if (is_multi_line ? rest_.starts_with(three) : rest_.front() == quote) {
        skip_closing_quotes(quote, is_multi_line);
        return;
      } else if (!is_multi_line && rest_.front() == '\n') {
        return;  // a syntax error
      } else {
        skip(1);
      }
    }
  }

  /// A multi-line string may end in up to two quotes of its own before the three that close it.
  void skip_closing_quotes(char quote, bool is_multi_line) {
    if (!is_multi_line) return skip(1);
    for (int quotes = 0; quotes < 5 && rest_.starts_with(quote); ++quotes) skip(1);
  }

  void skip(std::size_t count) {
    const std::string_view skipped = rest_.substr(0, count);
    line_ += static_cast<std::size_t>(std::count(skipped.begin(), skipped.end(), '\n'));
    rest_.remove_prefix(skipped.size());
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  std::size_t open_ = 0;
  std::size_t dots_ = 0;
};

}  // namespace

std::size_t line_nested_too_deeply(std::string_view toml) {
  return Scanner(toml).line_too_deep();
}

}  // namespace provisr::daemon
