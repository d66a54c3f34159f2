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
  char character = '\0';  ///< printable ASCII, of TerminalKey::character

  bool operator==(const KeyPress&) const = default;
};

/// Finds keys in what a terminal sends, in whatever pieces that arrives. What is no key is skipped.
class KeyReader {
 public:
  [[nodiscard]] std::vector<KeyPress> read(std::string_view bytes);

  /// Whether an Escape has come that may be the begin of another key.
  [[nodiscard]] bool is_waiting() const { return !rest_.empty(); }
  /// Nothing came after it.
  [[nodiscard]] std::vector<KeyPress> give_up();

 private:
  std::string rest_;
};

enum class Reaction { draw, draw_anew, quit };

/// Changes the choice as a key says. `page` is how many rows are on the screen.
[[nodiscard]] Reaction press(KeyPress key, ViewChoice& choice, const Board& board,
                             const std::vector<Row>& rows, std::size_t page);

}  // namespace provisr::daemon
