#pragma once

#include "daemon/cli/top/frame.hpp"

#include <string>

namespace provisr::daemon {

/// Turns frames into what a terminal is sent: only the lines that differ from those on the screen.
class Painter {
 public:
  /// With colours: the 16 of the palette alone, so that the terminal's own scheme keeps them
  /// readable.
  explicit Painter(bool has_colours) : has_colours_(has_colours) {}

  [[nodiscard]] std::string paint(const Frame& frame);

  /// The screen holds nothing of ours any more.
  void forget() { is_known_ = false; }

 private:
  [[nodiscard]] std::string line(const Line& line) const;

  bool has_colours_;
  bool is_known_ = false;
  Frame shown_;
};

}  // namespace provisr::daemon
