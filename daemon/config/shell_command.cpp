#include "daemon/config/shell_command.hpp"

#include "daemon/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace provisr::daemon {
namespace {

/// Builtins that start no process and do not change what later words mean. Those of the second list
/// are programs, too.
constexpr auto quiet_builtins = std::to_array<std::string_view>(
    {":", "cd", "exit", "export", "readonly", "set", "shift", "ulimit", "umask", "unset"});
constexpr auto quiet_programs =
    std::to_array<std::string_view>({"[", "echo", "false", "printf", "pwd", "test", "true"});

/// Reserved words, and builtins that start processes or change what later words mean.
constexpr auto shell_words = std::to_array<std::string_view>(
    {"!",    ".",     "alias",   "break", "case",   "command", "continue", "do",
     "done", "elif",  "else",    "esac",  "eval",   "fi",      "for",      "getopts",
     "hash", "if",    "in",      "read",  "return", "then",    "times",    "trap",
     "type", "until", "unalias", "wait",  "while",  "{",       "}"});

template <std::size_t size>
bool is_among(const std::array<std::string_view, size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::string_view exec = "exec";

bool is_variable_character(char c) {
  return is_alphanumeric(c) || c == '_';
}

/// A simple command: assignments, redirections, and perhaps a program or builtin with arguments.
struct SimpleCommand {
  std::optional<std::size_t> word_at;  ///< start of the program's or builtin's name
  std::string_view word;               ///< as written, quotes included
  bool has_arguments = false;
};

/// Splits a list of simple commands that are joined by `&&`, `||`, `;` or line breaks. `split`
/// returns false for any other construct of the shell's grammar, and for an unclosed one.
class ListSplitter {
 public:
  explicit ListSplitter(std::string_view text) : text_(text) {}

  bool split() {
    while (at_ < text_.size() && is_list_) take_next();
    end_command();
    return is_list_;
  }

  [[nodiscard]] const std::vector<SimpleCommand>& commands() const { return commands_; }

 private:
  void take_next() {
    skip_blanks();
    if (at_ == text_.size()) return;
    const char next = text_[at_];
    if (next == '\n' || next == ';') {
      take_separator();
    } else if (next == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (next == '<' || next == '>') {
      take_redirection();
    } else if (next == '&' || next == '|' || next == '(' || next == ')') {
      take_operator();
    } else {
      take_word();
    }
  }

  void take_separator() {
    if (text_.substr(at_, 2) == ";;") is_list_ = false;
    ++at_;
    end_command();
  }

  /// Pipelines, background commands and groups make this more than a list.
  void take_operator() {
    const std::string_view joint = text_.substr(at_, 2);
    is_list_ = joint == "&&" || joint == "||";
    at_ += joint.size();
    end_command();
  }

  void end_command() {
    if (has_begun_) commands_.push_back(command_);
    command_ = {};
    has_begun_ = false;
  }

  void take_redirection() {
    if (text_.substr(at_, 2) == "<<") is_list_ = false;  // a here-document
    has_begun_ = true;
    at_ = std::min(text_.find_first_not_of("<>|&", at_), text_.size());
    skip_blanks();
    if (skip_word().empty()) is_list_ = false;
  }

  void take_word() {
    const std::size_t start = at_;
    const std::string_view word = skip_word();
    const bool redirects = at_ < text_.size() && (text_[at_] == '<' || text_[at_] == '>');
    if (redirects && std::all_of(word.begin(), word.end(), is_digit)) return;  // as in 2>&1
    has_begun_ = true;
    if (command_.word_at) {
      command_.has_arguments = true;
    } else if (!is_assignment(word)) {
      command_.word_at = start;
      command_.word = word;
    }
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == ' ' || text_[at_] == '\t') {
        ++at_;
      } else if (text_.substr(at_, 2) == "\\\n") {
        at_ += 2;
      } else {
        return;
      }
    }
  }

  std::string_view skip_word() {
    constexpr std::string_view ends = " \t\n;&|<>()";
    const std::size_t start = at_;
    while (is_list_ && at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) {
      skip_piece();
    }
    return text_.substr(start, at_ - start);
  }

  void skip_piece() {
    const char next = text_[at_++];
    if (next == '\\') {
      skip_one();
    } else if (next == '\'') {
      skip_behind("'");
    } else if (next == '"') {
      skip_until('"');
    } else if (next == '`') {
      skip_until('`');
    } else if (next == '$') {
      skip_expansion();
    }
  }

  void skip_expansion() {
    if (at_ == text_.size()) return;
    if (text_[at_] == '{') {
      ++at_;
      skip_until('}');
    } else if (text_[at_] == '(') {
      ++at_;
      skip_until(')');
    }
  }

  /// Skips past `end`. Skips nested quotes, expansions and parentheses as a whole.
  void skip_until(char end) {
    ++depth_;
    if (depth_ > max_depth) is_list_ = false;
    while (is_list_ && at_ < text_.size() && text_[at_] != end) {
      if (end == '"' && text_[at_] == '\'') {
        ++at_;
      } else if (end == ')' && text_[at_] == '(') {
        ++at_;
        skip_until(')');
      } else {
        skip_piece();
      }
    }
    --depth_;
    skip_one();
  }

  void skip_behind(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) is_list_ = false;
    at_ = std::min(found, text_.size() - 1) + 1;
  }

  void skip_one() {
    if (at_ == text_.size()) is_list_ = false;
    at_ = std::min(at_ + 1, text_.size());
  }

  static constexpr int max_depth = 32;

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool is_list_ = true;
  bool has_begun_ = false;
  SimpleCommand command_;
  std::vector<SimpleCommand> commands_;
};

/// Returns whether `command` starts no process and does not change what later words mean.
bool is_quiet(const SimpleCommand& command) {
  return !command.word_at || is_among(quiet_builtins, command.word) ||
         is_among(quiet_programs, command.word) || (command.word == exec && !command.has_arguments);
}

}  // namespace

bool is_assignment(std::string_view word) {
  const std::string_view name = word.substr(0, std::min(word.find('='), word.size()));
  return name.size() < word.size() && !name.empty() && !is_digit(name[0]) &&
         std::all_of(name.begin(), name.end(), is_variable_character);
}

bool is_for_shell_only(std::string_view word) {
  return word == exec || is_among(quiet_builtins, word) || is_among(shell_words, word);
}

ShellCommand prepare_for_shell(std::string_view command) {
  const std::string unchanged(command);
  ListSplitter list(command);
  if (!list.split()) return {unchanged, true};
  const auto& commands = list.commands();
  const auto loud = std::find_if_not(commands.begin(), commands.end(), is_quiet);
  if (loud == commands.end() || loud->word == exec) return {unchanged, false};
  if (loud != commands.end() - 1 || is_among(shell_words, loud->word)) return {unchanged, true};
  return {std::string(command).insert(*loud->word_at, "exec "), false};
}

}  // namespace provisr::daemon
