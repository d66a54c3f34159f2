#include "daemon/platform/terminal.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/posix/signal_wait.hpp"
#include "daemon/platform/posix/wakeup_state.hpp"

#include <termios.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <sys/ioctl.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto terminal_signals =
    std::to_array<int>({SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT});

// Written by the signal handler, which can only access globals.
std::array<std::atomic<bool>, terminal_signals.size()> has_arrived{};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void provisrd_on_terminal_signal(int number) {
  for (std::size_t i = 0; i < terminal_signals.size(); ++i) {
    if (terminal_signals[i] == number) has_arrived[i].store(true);
  }
}

[[nodiscard]] std::atomic<bool>& flag_of(int number) {
  const auto* const found = std::find(terminal_signals.begin(), terminal_signals.end(), number);
  return has_arrived[static_cast<std::size_t>(found - terminal_signals.begin())];
}

[[nodiscard]] bool take(int number) {
  return flag_of(number).exchange(false);
}

[[nodiscard]] bool is_asked_to_end() {
  return flag_of(SIGTERM) || flag_of(SIGINT) || flag_of(SIGQUIT) || flag_of(SIGHUP);
}

void set_handler(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

[[nodiscard]] sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

/// Opens a file description of its own, so that its non-blocking mode affects no other program.
[[nodiscard]] FileDescriptor open_terminal() {
  constexpr int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  std::array<char, 256> name{};
  if (ttyname_r(STDOUT_FILENO, name.data(), name.size()) == 0) {
    FileDescriptor named(::open(name.data(), flags));
    if (named) return named;
  }
  return FileDescriptor(::open("/dev/tty", flags));
}

[[nodiscard]] TerminalSize size_of(int descriptor) noexcept {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

[[nodiscard]] termios with_single_keys(termios mode) {
  mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  mode.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  return mode;
}

[[nodiscard]] std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

struct Terminal::State {
  FileDescriptor terminal = open_terminal();
  termios found{};
  std::array<struct sigaction, terminal_signals.size()> actions{};
  sigset_t mask{};
  sigset_t while_waiting{};
  bool is_shown = false;
  bool is_gone = false;

  [[nodiscard]] bool is_in_foreground() const {
    const pid_t group = tcgetpgrp(terminal.get());
    return group < 0 || group == getpgrp();  // without job control, no other program has it
  }

  void handle_signals() {
    sigset_t handled;
    sigemptyset(&handled);
    for (const int number : terminal_signals) sigaddset(&handled, number);
    pthread_sigmask(SIG_BLOCK, &handled, &mask);
    while_waiting = mask;
    for (std::size_t i = 0; i < terminal_signals.size(); ++i) {
      const int number = terminal_signals[i];
      sigdelset(&while_waiting, number);
      sigaction(number, nullptr, &actions[i]);
      const bool is_nohup = number == SIGHUP && actions[i].sa_handler == SIG_IGN;
      if (!is_nohup) set_handler(number, provisrd_on_terminal_signal);
    }
  }

  /// Discards pending signals: the program is already ending.
  void restore_signals() {
    for (const int number : terminal_signals) set_handler(number, SIG_IGN);
    for (std::size_t i = 0; i < terminal_signals.size(); ++i) {
      sigaction(terminal_signals[i], &actions[i], nullptr);
    }
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    for (auto& flag : has_arrived) flag = false;
  }

  void show() {
    const termios mode = with_single_keys(found);
    is_shown = tcsetattr(terminal.get(), TCSADRAIN, &mode) == 0;
    if (is_shown) write_for(enter_full_screen, std::chrono::seconds(1));
  }

  /// Writes nothing in the background, where the terminal belongs to another program.
  void hide() {
    if (!is_shown) return;
    is_shown = false;
    if (!is_in_foreground()) return;
    write_for(leave_full_screen, std::chrono::milliseconds(500));
    static_cast<void>(tcsetattr(terminal.get(), TCSANOW, &found));
  }

  /// Returns when the program is continued.
  void suspend() {
    hide();
    set_handler(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    const sigset_t both = set_of({SIGTSTP, SIGCONT});
    pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
    pthread_sigmask(SIG_BLOCK, &both, nullptr);
    set_handler(SIGTSTP, provisrd_on_terminal_signal);
    flag_of(SIGCONT) = false;
  }

  /// Sets up the terminal again, whatever happened to it while the program was stopped.
  void show_again() {
    is_shown = false;
    if (!is_in_foreground()) return;
    show();
  }

  /// Tries once and returns the rest of `text`.
  [[nodiscard]] std::string_view write_some(std::string_view text) {
    const ssize_t written = ::write(terminal.get(), text.data(), text.size());
    if (written >= 0) return text.substr(static_cast<std::size_t>(written));
    is_gone = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
    return text;
  }

  void wait_a_little() { wait_for_signals(while_waiting, {-1, -1}, std::chrono::milliseconds(5)); }

  bool write_for(std::string_view text, std::chrono::milliseconds patience) {
    const auto end = SteadyClock::now() + patience;
    while (!text.empty() && !is_gone) {
      const std::size_t before = text.size();
      text = write_some(text);
      if (text.size() < before) continue;
      if (SteadyClock::now() >= end) break;
      wait_a_little();
    }
    return text.empty();
  }

  /// Waits while the terminal accepts nothing, as when it is paused, until asked to end or suspend.
  bool write_all(std::string_view text) {
    while (!text.empty() && !is_gone && is_shown) {
      const std::size_t before = text.size();
      text = write_some(text);
      if (text.size() < before) continue;
      wait_a_little();
      if (is_asked_to_end() || flag_of(SIGTSTP)) break;
    }
    return text.empty();
  }

  [[nodiscard]] bool has_input() const {
    int waiting = 0;
    return is_shown && ioctl(terminal.get(), FIONREAD, &waiting) == 0 && waiting > 0;
  }

  [[nodiscard]] bool is_hung_up() {
    if (is_gone) return true;
    if (tcgetpgrp(terminal.get()) < 0 && errno == EIO) is_gone = true;
    termios mode{};
    if (tcgetattr(terminal.get(), &mode) != 0 && errno != EINTR) is_gone = true;
    return is_gone;
  }
};

bool is_output_terminal() noexcept {
  return isatty(STDOUT_FILENO) == 1;
}

TerminalSize output_terminal_size() noexcept {
  return size_of(STDOUT_FILENO);
}

bool has_full_screen() noexcept {
  const char* const kind = std::getenv("TERM");
  const std::string_view name = kind == nullptr ? std::string_view() : kind;
  return isatty(STDIN_FILENO) == 1 && is_output_terminal() && !name.empty() && name != "dumb";
}

bool takes_utf8() noexcept {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = ascii_lower(variable(name));
    if (value.empty()) continue;
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

Terminal::Terminal() : state_(std::make_unique<State>()) {
  State& state = *state_;
  if (!state.terminal || tcgetattr(state.terminal.get(), &state.found) != 0) {
    throw std::system_error(errno, std::generic_category(), "there is no terminal");
  }
  state.handle_signals();
  state.show_again();
}

Terminal::~Terminal() {
  state_->hide();
  state_->restore_signals();
}

Terminal::Event Terminal::wait_until(SteadyClock::time_point deadline, Wakeup& wakeup) {
  constexpr std::chrono::milliseconds foreground_check_interval{
      200};  // to notice the return to the foreground
  State& state = *state_;
  while (true) {
    if (is_asked_to_end()) {
      return flag_of(SIGHUP) ? Event::hung_up : Event::ended;
    }
    if (state.is_hung_up()) return Event::hung_up;
    if (take(SIGTSTP)) {
      state.suspend();
      continue;
    }
    if (take(SIGCONT) || (!state.is_shown && state.is_in_foreground())) {
      state.show_again();
      if (state.is_shown) return Event::redraw;
    }
    if (take(SIGWINCH) && state.is_shown) return Event::redraw;
    if (state.has_input()) return Event::input;
    if (wakeup.take()) return Event::woken;
    const auto now = SteadyClock::now();
    if (deadline <= now) return Event::deadline;
    const SteadyClock::duration longest =
        state.is_shown ? deadline - now : foreground_check_interval;
    wait_for_signals(
        state.while_waiting,
        {state.is_shown ? state.terminal.get() : -1, wakeup.state().pipe.read_end.get()},
        std::min<SteadyClock::duration>(longest, deadline - now));
  }
}

std::string Terminal::take_input() {
  std::array<char, 512> bytes{};
  const ssize_t count = ::read(state_->terminal.get(), bytes.data(), bytes.size());
  if (count > 0) return {bytes.data(), static_cast<std::size_t>(count)};
  if (count == 0) state_->is_gone = true;
  return {};
}

TerminalSize Terminal::size() const noexcept {
  return size_of(state_->terminal.get());
}

bool Terminal::write(std::string_view text) {
  return state_->write_all(text);
}

}  // namespace provisr::daemon
