#pragma once

#include "daemon/cli/top/rows.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

enum class TerminalKey {
  character,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  backspace,
  redraw,
  interrupt,
};

struct KeyPress {
  TerminalKey key = TerminalKey::character;
  char character = '\0';  ///< printable ASCII, only for TerminalKey::character

  bool operator==(const KeyPress&) const = default;
};

/// Parses key presses from terminal input, which may arrive in pieces. Skips bytes that are no key.
class KeyReader {
 public:
  [[nodiscard]] std::vector<KeyPress> read(std::string_view bytes);

  /// Returns whether the input ends with an Escape that may begin another key.
  [[nodiscard]] bool is_waiting() const { return !rest_.empty(); }
  /// Returns the pending Escape as a key, because nothing came after it.
  [[nodiscard]] std::vector<KeyPress> give_up();

 private:
  std::string rest_;
};

enum class Reaction { draw, draw_anew, quit };

/// Applies a key to the choice. `page` is the number of rows on the screen.
[[nodiscard]] Reaction press(KeyPress key, ViewChoice& choice, const Board& board,
                             const std::vector<Row>& rows, std::size_t page);

}  // namespace provisr::daemon
