#pragma once

#include "daemon/cli/top/frame.hpp"

#include <string>

namespace provisr::daemon {

/// Turns frames into terminal output: only the lines that differ from those on the screen.
class Painter {
 public:
  /// Colours are only from the palette of 16, so that the terminal's own scheme keeps them
  /// readable.
  explicit Painter(bool has_colours) : has_colours_(has_colours) {}

  [[nodiscard]] std::string paint(const Frame& frame);

  /// Makes the next paint() draw every line, because the screen no longer shows the last frame.
  void forget() { is_known_ = false; }

 private:
  [[nodiscard]] std::string line(const Line& line) const;

  bool has_colours_;
  bool is_known_ = false;
  Frame shown_;
};

}  // namespace provisr::daemon
