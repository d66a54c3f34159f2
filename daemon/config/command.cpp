#include "daemon/config/command.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/shell_command.hpp"
#include "daemon/platform/platform_features.hpp"

#include <cstddef>
#include <stdexcept>
#include <utility>

namespace provisr::daemon {
namespace {

/// Characters that have a meaning to a shell outside quotes (POSIX.1-2017, XCU 2.2 to 2.6).
constexpr std::string_view operators = "|&;<>()$`*?[]{}!\n\r";

constexpr std::string_view blanks = " \t\r\n";

/// Splits a command as a POSIX shell does, if it consists of words and quotes only.
class Splitter {
 public:
  explicit Splitter(std::string_view command) : text_(command) {}

  /// Returns false if only a shell can run the command.
  bool split() {
    while (!needs_shell_ && at_ < text_.size()) {
      if (text_[at_] == ' ' || text_[at_] == '\t') {
        ++at_;
      } else {
        take_word();
      }
    }
    return !needs_shell_;
  }

  std::vector<std::string> take_words() { return std::move(words_); }

 private:
  void take_word() {
    const std::size_t start = at_;
    if (text_[at_] == '#' || text_[at_] == '~') needs_shell_ = true;
    word_.clear();
    while (!needs_shell_ && at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t') {
      take_piece();
    }
    if (needs_shell_) return;
    if (words_.empty()) judge_program(text_.substr(start, at_ - start));
    words_.push_back(word_);
  }

  void take_piece() {
    switch (text_[at_]) {
      case '\'':
        take_single_quoted();
        break;
      case '"':
        take_double_quoted();
        break;
      case '\\':
        if (has_posix_shell_) {
          take_escaped();
        } else {
          take_plain();
        }
        break;
      default:
        take_plain();
        break;
    }
  }

  void take_plain() {
    if (operators.find(text_[at_]) != std::string_view::npos) {
      needs_shell_ = true;
      return;
    }
    word_ += text_[at_++];
  }

  void take_escaped() {
    if (at_ + 1 == text_.size()) throw std::invalid_argument("the command ends in a backslash");
    if (text_[at_ + 1] == '\n') {
      needs_shell_ = true;
      return;
    }
    word_ += text_[at_ + 1];
    at_ += 2;
  }

  void take_single_quoted() {
    const std::size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos)
      throw std::invalid_argument("the command has an unclosed ' quote");
    word_ += text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void take_double_quoted() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char character = text_[at_];
      if (character == '"') {
        ++at_;
        return;
      }
      if (character == '$' || character == '`') {
        needs_shell_ = true;
        return;
      }
      if (character == '\\') {
        take_escaped_in_quotes();
      } else {
        word_ += character;
      }
    }
    throw std::invalid_argument("the command has an unclosed \" quote");
  }

  /// Between double quotes, a backslash escapes only $ ` " \ and a line break.
  void take_escaped_in_quotes() {
    const std::string_view escaped = text_.substr(at_ + 1, 1);
    if (escaped == "\n") {
      ++at_;
    } else if (!escaped.empty() && escapable_in_quotes().find(escaped) != std::string_view::npos) {
      word_ += text_[++at_];
    } else {
      word_ += '\\';
    }
  }

  [[nodiscard]] std::string_view escapable_in_quotes() const {
    return has_posix_shell_ ? "$`\"\\" : "\"";
  }

  void judge_program(std::string_view as_written) {
    if (word_.empty())
      throw std::invalid_argument("the command names no program: its first word is empty");
    needs_shell_ = is_assignment(as_written) || is_for_shell_only(word_);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string word_;
  std::vector<std::string> words_;
  bool needs_shell_ = false;
  bool has_posix_shell_ = platform_features().has_posix_shell;
};

}  // namespace

ParsedCommand parse_command(std::string_view command) {
  const std::string_view text = trimmed(command, blanks);
  if (text.empty()) throw std::invalid_argument("the command is empty");
  Splitter splitter(text);
  if (splitter.split()) return {.argv = splitter.take_words(), .shell_stays = false};
  if (!platform_features().has_posix_shell) {
    throw std::invalid_argument(
        "the command needs a POSIX shell, which this system lacks; name a shell in args, as in "
        "[\"cmd.exe\", \"/c\", \"...\"]");
  }
  ShellCommand prepared = prepare_for_shell(command);
  return {.argv = {"/bin/sh", "-c", std::move(prepared.text)}, .shell_stays = prepared.shell_stays};
}

}  // namespace provisr::daemon
