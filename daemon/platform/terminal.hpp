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

/// Whether standard output is a terminal; its size then.
[[nodiscard]] bool is_output_terminal() noexcept;
[[nodiscard]] TerminalSize output_terminal_size() noexcept;

/// Whether a full-screen view can be shown: keys can be read and the screen takes control
/// sequences.
[[nodiscard]] bool has_full_screen() noexcept;

/// Whether what is written to the terminal is read as UTF-8.
[[nodiscard]] bool takes_utf8() noexcept;

/// The terminal of the program as a full screen: the alternate screen, keys as they come, no
/// cursor, no wrapped lines, no mouse. One object a program, created before any thread; it restores
/// what it found, also while the program is suspended. Implemented in daemon/platform.
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
    input,     ///< keys can be taken
    redraw,    ///< the size has changed, or the screen holds nothing of ours any more
    woken,     ///< by another thread
    deadline,  ///< nothing happened until then
    ended,     ///< a signal, or Ctrl-C, asks the program to end
    hung_up,   ///< nobody is there any more
  };

  /// Blocks until something happens, at most until `deadline`.
  [[nodiscard]] Event wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup);

  /// What was typed, as bytes; empty if nothing was.
  [[nodiscard]] std::string take_input();

  [[nodiscard]] TerminalSize size() const noexcept;

  /// Returns false if not all of it was written: the terminal is gone, the program is in the
  /// background, or it was asked to end while the terminal took nothing. wait_until() tells.
  bool write(std::string_view text);

  struct State;  ///< of the platform

 private:
  std::unique_ptr<State> state_;
};

/// The sequences that begin and end a full screen.
inline constexpr std::string_view enter_full_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J";
inline constexpr std::string_view leave_full_screen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace provisr::daemon
