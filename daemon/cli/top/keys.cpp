#include "daemon/cli/top/keys.hpp"

#include "daemon/cli/client/terminal_text.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

namespace provisr::daemon {
namespace {

struct Sequence {
  std::string_view text;  ///< after Escape and '[' or 'O'
  TerminalKey key;
};

constexpr auto sequences = std::to_array<Sequence>({
    {"A", TerminalKey::up},
    {"B", TerminalKey::down},
    {"C", TerminalKey::right},
    {"D", TerminalKey::left},
    {"H", TerminalKey::home},
    {"F", TerminalKey::end},
    {"1~", TerminalKey::home},
    {"7~", TerminalKey::home},
    {"4~", TerminalKey::end},
    {"8~", TerminalKey::end},
    {"5~", TerminalKey::page_up},
    {"6~", TerminalKey::page_down},
});

/// Longer than the sequence of any key; a longer sequence is cut off here.
constexpr std::size_t longest_sequence = 32;

/// Returns the size of the escape sequence at the start of `text`; 0 if it is not complete yet.
[[nodiscard]] std::size_t size_of_sequence(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] != '[' && text[1] != 'O') return 1;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
    if (i >= longest_sequence) return i + 1;
  }
  return 0;
}

[[nodiscard]] std::optional<KeyPress> key_of_sequence(std::string_view text) {
  if (text.size() == 1) return KeyPress{TerminalKey::escape};
  const auto* const found =
      std::find_if(sequences.begin(), sequences.end(),
                   [&](const Sequence& one) { return one.text == text.substr(2); });
  if (found == sequences.end()) return std::nullopt;
  return KeyPress{found->key};
}

[[nodiscard]] std::optional<KeyPress> key_of_byte(char byte) {
  switch (byte) {
    case '\r':
    case '\n':
      return KeyPress{TerminalKey::enter};
    case '\x7f':
    case '\b':
      return KeyPress{TerminalKey::backspace};
    case '\x0c':
      return KeyPress{TerminalKey::redraw};
    case '\x03':
      return KeyPress{TerminalKey::interrupt};
    default:
      if (byte < ' ' || byte > '~') return std::nullopt;
      return KeyPress{TerminalKey::character, byte};
  }
}

void select(ViewChoice& choice, const std::vector<Row>& rows, std::ptrdiff_t steps) {
  if (rows.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(rows.size()) - 1;
  auto at = static_cast<std::ptrdiff_t>(choice.selected_at);
  at = choice.selected.empty() && std::abs(steps) == 1 ? static_cast<std::ptrdiff_t>(choice.first)
                                                       : at + steps;
  choice.selected_at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at, 0, last));
  choice.selected = rows[choice.selected_at].id;
}

[[nodiscard]] const Row* selected_row(const ViewChoice& choice, const std::vector<Row>& rows) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& row) { return row.id == choice.selected; });
  return found == rows.end() ? nullptr : &*found;
}

/// Folds or unfolds the selected group, or the group of the selected process. Without `wanted`,
/// toggles.
void fold(ViewChoice& choice, const std::vector<Row>& rows, std::optional<bool> wanted) {
  const Row* const row = selected_row(choice, rows);
  if (row == nullptr || (!row->is_group && !row->is_member)) return;
  const std::string base(row->is_group ? std::string_view(row->name) : base_of(row->name));
  const bool is_folded = choice.folded.contains(base);
  if (wanted.value_or(!is_folded)) {
    choice.folded.insert(base);
    choice.selected = "g:" + base;
  } else {
    choice.folded.erase(base);
  }
}

void fold_all(ViewChoice& choice, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (row.is_group) choice.folded.insert(row.name);
  }
  const Row* const row = selected_row(choice, rows);
  if (row != nullptr && row->is_member) choice.selected = "g:" + std::string(base_of(row->name));
}

struct SortLetter {
  char letter;
  SortKey key;
};

constexpr auto sort_letters = std::to_array<SortLetter>({
    {'n', SortKey::name},
    {'s', SortKey::state},
    {'u', SortKey::uptime},
    {'r', SortKey::restarts},
    {'c', SortKey::cpu},
    {'m', SortKey::memory},
    {'t', SortKey::threads},
    {'f', SortKey::descriptors},
});

void sort_by(char letter, ViewChoice& choice, const Board& board) {
  const auto* const found =
      std::find_if(sort_letters.begin(), sort_letters.end(),
                   [&](const SortLetter& one) { return one.letter == letter; });
  if (letter == 'R') {
    choice.is_reverse = !choice.is_reverse;
  } else if (found == sort_letters.end()) {
    return;
  } else if (choice.sort != found->key) {
    choice.sort = found->key;
    choice.is_reverse = false;
  }
  sort_now(choice, board);
}

void type_filter(KeyPress key, ViewChoice& choice) {
  constexpr std::size_t longest = 128;
  switch (key.key) {
    case TerminalKey::character:
      if (choice.filter.size() < longest) choice.filter += key.character;
      break;
    case TerminalKey::backspace:
      if (!choice.filter.empty()) choice.filter.pop_back();
      break;
    case TerminalKey::escape:
      choice.filter.clear();
      choice.is_typing_filter = false;
      break;
    case TerminalKey::enter:
      choice.is_typing_filter = false;
      break;
    default:
      break;
  }
}

[[nodiscard]] Reaction press_letter(char letter, ViewChoice& choice, const Board& board,
                                    const std::vector<Row>& rows) {
  switch (letter) {
    case 'q':
      return Reaction::quit;
    case '?':
      choice.shows_help = true;
      break;
    case '/':
      choice.is_typing_filter = true;
      break;
    case ' ':
      fold(choice, rows, std::nullopt);
      break;
    case '-':
      fold_all(choice, rows);
      break;
    case '+':
      choice.folded.clear();
      break;
    case 'k':
      select(choice, rows, -1);
      break;
    case 'j':
      select(choice, rows, 1);
      break;
    default:
      sort_by(letter, choice, board);
  }
  return Reaction::draw;
}

/// Returns whether `key` was a key that moves through the rows.
[[nodiscard]] bool move(TerminalKey key, ViewChoice& choice, const std::vector<Row>& rows,
                        std::ptrdiff_t page) {
  const auto all = static_cast<std::ptrdiff_t>(rows.size());
  switch (key) {
    case TerminalKey::up:
      select(choice, rows, -1);
      return true;
    case TerminalKey::down:
      select(choice, rows, 1);
      return true;
    case TerminalKey::page_up:
      select(choice, rows, -page);
      return true;
    case TerminalKey::page_down:
      select(choice, rows, page);
      return true;
    case TerminalKey::home:
      select(choice, rows, -all);
      return true;
    case TerminalKey::end:
      select(choice, rows, all);
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<KeyPress> KeyReader::read(std::string_view bytes) {
  rest_ += bytes;
  std::vector<KeyPress> keys;
  std::string_view left = rest_;
  while (!left.empty()) {
    const std::size_t size = left.front() == escape_character ? size_of_sequence(left) : 1;
    if (size == 0) break;
    const auto key = left.front() == escape_character ? key_of_sequence(left.substr(0, size))
                                                      : key_of_byte(left.front());
    if (key) keys.push_back(*key);
    left.remove_prefix(size);
  }
  rest_.erase(0, rest_.size() - left.size());
  return keys;
}

std::vector<KeyPress> KeyReader::give_up() {
  const bool is_alone = rest_.size() == 1;
  rest_.clear();
  return is_alone ? std::vector<KeyPress>{{TerminalKey::escape}} : std::vector<KeyPress>();
}

Reaction press(KeyPress key, ViewChoice& choice, const Board& board, const std::vector<Row>& rows,
               std::size_t page) {
  if (key.key == TerminalKey::interrupt) return Reaction::quit;
  if (key.key == TerminalKey::redraw) return Reaction::draw_anew;
  if (choice.shows_help) {
    choice.shows_help = false;
    return Reaction::draw;
  }
  if (move(key.key, choice, rows, static_cast<std::ptrdiff_t>(std::max<std::size_t>(page, 1)))) {
    return Reaction::draw;
  }
  if (choice.is_typing_filter) {
    type_filter(key, choice);
    return Reaction::draw;
  }
  if (key.key == TerminalKey::character) return press_letter(key.character, choice, board, rows);
  if (key.key == TerminalKey::escape) choice.filter.clear();
  if (key.key == TerminalKey::enter) fold(choice, rows, std::nullopt);
  if (key.key == TerminalKey::left) fold(choice, rows, true);
  if (key.key == TerminalKey::right) fold(choice, rows, false);
  return Reaction::draw;
}

}  // namespace provisr::daemon
