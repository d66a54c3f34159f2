#include "daemon/platform/terminal.hpp"

#include "daemon/platform/windows/wakeup_state.hpp"

#include <algorithm>
#include <array>
#include <system_error>

namespace provisr::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;

[[nodiscard]] HANDLE end_event() noexcept {
  static const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  return event;
}

/// The system calls this on another thread.
BOOL WINAPI on_end(DWORD kind) {
  SetEvent(end_event());
  const bool ends_when_answered = kind != CTRL_C_EVENT && kind != CTRL_BREAK_EVENT;
  if (ends_when_answered) Sleep(INFINITE);  // the main thread restores the console meanwhile
  return TRUE;
}

[[nodiscard]] HANDLE input() noexcept {
  return GetStdHandle(STD_INPUT_HANDLE);
}
[[nodiscard]] HANDLE output() noexcept {
  return GetStdHandle(STD_OUTPUT_HANDLE);
}

[[nodiscard]] bool is_console(HANDLE handle) noexcept {
  DWORD mode = 0;
  return GetConsoleMode(handle, &mode) != 0;
}

[[nodiscard]] DWORD milliseconds_until(SteadyClock::time_point deadline) {
  constexpr std::chrono::milliseconds longest{60'000};
  const auto now = SteadyClock::now();
  if (deadline <= now) return 0;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
  return static_cast<DWORD>(std::min(wait, longest).count() + 1);
}

/// Returns the sequence that other terminals send for a key without a character.
[[nodiscard]] std::string_view sequence_of(WORD key) {
  switch (key) {
    case VK_UP:
      return "\x1b[A";
    case VK_DOWN:
      return "\x1b[B";
    case VK_RIGHT:
      return "\x1b[C";
    case VK_LEFT:
      return "\x1b[D";
    case VK_HOME:
      return "\x1b[H";
    case VK_END:
      return "\x1b[F";
    case VK_PRIOR:
      return "\x1b[5~";
    case VK_NEXT:
      return "\x1b[6~";
    default:
      return {};
  }
}

}  // namespace

struct Terminal::State {
  DWORD input_mode = 0;
  DWORD output_mode = 0;
  UINT code_page = 0;
  bool is_gone = false;
  TerminalSize seen;
};

bool is_output_terminal() noexcept {
  return is_console(output());
}

TerminalSize output_terminal_size() noexcept {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (GetConsoleScreenBufferInfo(output(), &info) == 0) return {};
  return {info.srWindow.Right - info.srWindow.Left + 1,
          info.srWindow.Bottom - info.srWindow.Top + 1};
}

bool has_full_screen() noexcept {
  return is_console(input()) && is_console(output());
}

bool takes_utf8() noexcept {
  return has_full_screen();
}

Terminal::Terminal() : state_(std::make_unique<State>()) {
  State& state = *state_;
  const DWORD wanted = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
  if (GetConsoleMode(input(), &state.input_mode) == 0 ||
      GetConsoleMode(output(), &state.output_mode) == 0 || SetConsoleMode(output(), wanted) == 0) {
    throw std::system_error(static_cast<int>(GetLastError()), std::system_category(),
                            "there is no terminal");
  }
  state.code_page = GetConsoleOutputCP();
  SetConsoleOutputCP(CP_UTF8);
  // Leave selecting text with the mouse as the user set it.
  constexpr DWORD kept = ENABLE_QUICK_EDIT_MODE | ENABLE_EXTENDED_FLAGS | ENABLE_INSERT_MODE;
  SetConsoleMode(input(), (state.input_mode & kept) | ENABLE_PROCESSED_INPUT | ENABLE_WINDOW_INPUT);
  ResetEvent(end_event());
  SetConsoleCtrlHandler(on_end, TRUE);
  state.seen = output_terminal_size();
  write(enter_full_screen);
}

Terminal::~Terminal() {
  write(leave_full_screen);
  SetConsoleMode(output(), state_->output_mode);
  SetConsoleMode(input(), state_->input_mode);
  SetConsoleOutputCP(state_->code_page);
  SetConsoleCtrlHandler(on_end, FALSE);
}

Terminal::Event Terminal::wait_until(SteadyClock::time_point deadline, Wakeup& wakeup) {
  const std::array<HANDLE, 3> events{end_event(), input(), wakeup.state().event.get()};
  while (true) {
    if (state_->is_gone) return Event::hung_up;
    const TerminalSize now = output_terminal_size();
    if (now != state_->seen) {
      state_->seen = now;
      return Event::redraw;
    }
    switch (WaitForMultipleObjects(static_cast<DWORD>(events.size()), events.data(), FALSE,
                                   milliseconds_until(deadline))) {
      case WAIT_OBJECT_0:
        return Event::ended;
      case WAIT_OBJECT_0 + 1:
        return Event::input;
      case WAIT_OBJECT_0 + 2:
        if (wakeup.take()) return Event::woken;
        break;
      case WAIT_TIMEOUT:
        if (deadline <= SteadyClock::now()) return Event::deadline;
        break;
      default:
        return Event::hung_up;
    }
  }
}

std::string Terminal::take_input() {
  std::string bytes;
  std::array<INPUT_RECORD, 64> records{};
  DWORD count = 0;
  if (ReadConsoleInputW(input(), records.data(), static_cast<DWORD>(records.size()), &count) == 0) {
    state_->is_gone = true;
  }
  for (DWORD i = 0; i < count; ++i) {
    const INPUT_RECORD& record = records[i];
    if (record.EventType != KEY_EVENT || record.Event.KeyEvent.bKeyDown == 0) continue;
    const KEY_EVENT_RECORD& key = record.Event.KeyEvent;
    const wchar_t letter = key.uChar.UnicodeChar;
    if (letter > 0 && letter < 0x80) bytes.push_back(static_cast<char>(letter));
    if (letter == 0) bytes += sequence_of(key.wVirtualKeyCode);
  }
  return bytes;
}

TerminalSize Terminal::size() const noexcept {
  return output_terminal_size();
}

bool Terminal::write(std::string_view text) {
  while (!text.empty() && !state_->is_gone) {
    DWORD written = 0;
    const auto size = static_cast<DWORD>(std::min<std::size_t>(text.size(), 4096));
    state_->is_gone = WriteFile(output(), text.data(), size, &written, nullptr) == 0;
    text.remove_prefix(written);
  }
  return text.empty();
}

}  // namespace provisr::daemon
