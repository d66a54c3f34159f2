#pragma once

#include "support/eventually.hpp"
#include "support/screen.hpp"
#include "support/send_signal.hpp"

#include <stdlib.h>
#include <termios.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace provisr::test {

/// A program in its own session on a pseudo-terminal, whose other side is the test. The destructor
/// kills it if it still runs.
class TerminalProgram {
 public:
  TerminalProgram(std::vector<std::string> command, unsigned short columns, unsigned short rows,
                  const std::vector<std::string>& environment = {})
      : screen_(columns, rows), master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
    terminal_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    set_size(columns, rows);
    before_ = mode();
    start(std::move(command), environment);
  }
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;
  ~TerminalProgram() {
    if (pid_ > 0) {
      send_signal(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    if (master_ >= 0) ::close(master_);
    if (terminal_ >= 0) ::close(terminal_);
  }

  void type(std::string_view keys) const {
    if (::write(master_, keys.data(), keys.size()) < 0) throw std::runtime_error("cannot type");
  }
  void signal(int number) const { send_signal(pid_, number); }

  void resize(unsigned short columns, unsigned short rows) {
    screen_.resize(columns, rows);
    set_size(columns, rows);
  }

  /// Makes the program redraw, without reading its output, until its writes block.
  void fill_output() const {
    for (int rounds = 0; rounds < 1000; ++rounds) {
      type("\x0c");
      if (!takes_keys()) return;
    }
  }

  /// Hangs up the terminal.
  void hang_up() {
    ::close(std::exchange(terminal_, -1));
    ::close(std::exchange(master_, -1));
  }

  /// Feeds the output so far to the screen.
  void look() {
    pollfd waiting{.fd = master_, .events = POLLIN, .revents = 0};
    std::string bytes(64 * 1024, '\0');
    while (master_ >= 0 && ::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0) {
      const ssize_t count = ::read(master_, bytes.data(), bytes.size());
      if (count <= 0) break;
      screen_.feed(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)));
    }
  }

  template <class Condition>
  [[nodiscard]] bool shows(Condition&& condition) {
    return eventually([&] {
      look();
      return condition(screen_.text());
    });
  }
  [[nodiscard]] bool shows_text(std::string_view text) {
    return shows([&](const std::string& shown) { return shown.find(text) != std::string::npos; });
  }

  [[nodiscard]] const EmulatedScreen& screen() const { return screen_; }

  /// Waits for the end of the program. Returns its exit status (128 + signal if it was killed); -1
  /// if the deadline passes first.
  [[nodiscard]] int wait() {
    int status = 0;
    const bool has_ended = eventually([&] {
      look();
      return ::waitpid(pid_, &status, WNOHANG) == pid_;
    });
    if (!has_ended) return -1;
    pid_ = -1;
    look();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// Whether the terminal is restored: echo, line mode, cursor, wrapping and the normal screen.
  [[nodiscard]] bool is_restored() const {
    const termios now = mode();
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           !screen_.is_alternate() && screen_.has_cursor() && screen_.wraps();
  }

 private:
  [[nodiscard]] bool takes_keys() const {
    for (int tries = 0; tries < 500; ++tries) {
      int waiting = 0;
      ::ioctl(terminal_, FIONREAD, &waiting);
      if (waiting == 0) return true;
      ::poll(nullptr, 0, 2);
    }
    return false;
  }

  [[nodiscard]] termios mode() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    return now;
  }

  void set_size(unsigned short columns, unsigned short rows) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(master_, TIOCSWINSZ, &size);
  }

  void start(std::vector<std::string> command, const std::vector<std::string>& environment) {
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables = environment;  // getenv() finds the first of a name
    variables.insert(variables.end(), {"TERM=xterm", "LC_ALL=C.UTF-8"});
    std::vector<char*> envp;
    for (std::string& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    ::ioctl(terminal_, TIOCSCTTY, 0);
    for (const int fd : {0, 1, 2}) ::dup2(terminal_, fd);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }

  EmulatedScreen screen_;
  int master_;
  int terminal_ = -1;
  pid_t pid_ = -1;
  termios before_{};
};

}  // namespace provisr::test
