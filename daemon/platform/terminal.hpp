#pragma once

#include "daemon/platform/wakeup.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace provisr::daemon {

struct TerminalSize {
  int columns = 80;
  int rows = 24;

  bool operator==(const TerminalSize&) const = default;
};

/// Whether standard output is a terminal, and its size.
[[nodiscard]] bool is_output_terminal() noexcept;
[[nodiscard]] TerminalSize output_terminal_size() noexcept;

/// Whether a full-screen view can be shown: keys can be read and the screen accepts control
/// sequences.
[[nodiscard]] bool has_full_screen() noexcept;

/// Whether the terminal reads output as UTF-8.
[[nodiscard]] bool takes_utf8() noexcept;

/// The terminal as a full screen: alternate screen, unbuffered keys, no cursor, no line wrapping,
/// no mouse. Create one object per program, before any thread starts. It restores the terminal's
/// original state when destroyed and while the program is suspended. Implemented in
/// daemon/platform.
///
/// Not thread-safe; use it from the thread that created it.
class Terminal {
 public:
  /// Throws std::system_error if there is no terminal.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  enum class Event {
    input,     ///< take_input() has keys
    redraw,    ///< the size changed, or other output replaced the screen
    woken,     ///< Wakeup::wake() was called
    deadline,  ///< the deadline passed without an event
    ended,     ///< a signal, or Ctrl-C, asks the program to end
    hung_up,   ///< the terminal is gone
  };

  /// Blocks until an event occurs or `deadline` passes.
  [[nodiscard]] Event wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup);

  /// Returns the bytes that were typed; empty if there are none.
  [[nodiscard]] std::string take_input();

  [[nodiscard]] TerminalSize size() const noexcept;

  /// Returns false if not all of `text` was written: the terminal is gone, the program is in the
  /// background, or it was asked to end while the terminal accepted nothing. wait_until() reports
  /// which.
  bool write(std::string_view text);

  struct State;  ///< platform-specific

 private:
  std::unique_ptr<State> state_;
};

/// The sequences that begin and end a full screen.
inline constexpr std::string_view enter_full_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J";
inline constexpr std::string_view leave_full_screen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace provisr::daemon
