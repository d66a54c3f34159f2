#pragma once

#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"

#include <provisr/process_metrics.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace provisr::test {

/// Returns `result`. Throws the error of the system call if it is negative.
inline int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

/// A child process. The destructor kills and reaps it, unless end() did.
class Child {
 public:
  explicit Child(pid_t pid) noexcept : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child() { end(); }

  [[nodiscard]] ProcessId pid() const noexcept { return pid_; }

  /// Waits until the child has ended, without reaping it: it stays a zombie.
  void wait_for_zombie() const {
    siginfo_t info{};
    checked(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), "waitid");
  }

  /// Kills and reaps the child. Afterwards its PID may be reused.
  void end() noexcept {
    if (pid_ <= 0) return;
    send_signal(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_;
};

/// As fork(2). The child is killed once its parent ends, even if that is at once: it would hold the
/// test's output open, and whoever runs the test would wait for it.
[[nodiscard]] inline pid_t fork_dependent(pid_t (*fork)() = ::fork) noexcept {
  const pid_t parent = ::getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  return 0;
}

/// Forks a child that runs `body` and exits, and that is killed if its parent dies. `body` must not
/// return into the test code.
template <class Body>
[[nodiscard]] Child fork_child(Body&& body, pid_t (*fork)() = ::fork) {
  std::fflush(nullptr);  // otherwise the child inherits unwritten text
  const pid_t pid = checked(fork_dependent(fork), "fork");
  if (pid != 0) return Child(pid);
  body();
  ::_exit(0);
}

class Pipe {
 public:
  Pipe() { checked(::pipe2(ends_.data(), O_CLOEXEC), "pipe2"); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }

  [[nodiscard]] int reader() const noexcept { return ends_[0]; }
  [[nodiscard]] int writer() const noexcept { return ends_[1]; }
  void close_writer() noexcept { close_end(1); }

  /// Reads up to and including `last`, or up to the end of file. Throws if the deadline passes.
  [[nodiscard]] std::string read_up_to(const std::string& last) const {
    std::string text;
    char letter = 0;
    while (last.empty() || !text.ends_with(last)) {
      pollfd waiting{.fd = reader(), .events = POLLIN, .revents = 0};
      const auto patience = std::chrono::milliseconds(deadline).count();
      if (::poll(&waiting, 1, static_cast<int>(patience)) == 0) {
        throw std::runtime_error("the child says nothing after: " + text);
      }
      const ssize_t count = ::read(reader(), &letter, 1);
      if (count == 0) break;
      if (count > 0) text.push_back(letter);
    }
    return text;
  }

 private:
  void close_end(std::size_t end) noexcept {
    if (ends_[end] >= 0) ::close(std::exchange(ends_[end], -1));
  }
  std::array<int, 2> ends_{-1, -1};
};

/// Replaces this process by provisr_child, with its standard output going to `output`.
[[noreturn]] inline void exec_child_program(std::vector<std::string> arguments, int output) {
  ::dup2(output, STDOUT_FILENO);
  std::string program = child_path();
  std::vector<char*> argv{program.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

/// A running provisr_child (tests/programs). The constructor waits until it prints "ready".
class ChildProgram {
 public:
  ChildProgram(std::initializer_list<std::string> arguments)
      : child_(fork_child([&] { exec_child_program(arguments, output_.writer()); })) {
    output_.close_writer();
    said_ = output_.read_up_to("ready\n");
    if (!said_.ends_with("ready\n")) throw std::runtime_error("not ready: " + said_);
  }

  [[nodiscard]] ProcessId pid() const noexcept { return child_.pid(); }
  [[nodiscard]] const std::string& said() const noexcept { return said_; }
  void wait_for_zombie() const { child_.wait_for_zombie(); }
  void end() noexcept { child_.end(); }

 private:
  Pipe output_;
  Child child_;
  std::string said_;
};

/// Runs `body` in a child process, whose limits and rights it may change, and returns its result.
template <class Body>
[[nodiscard]] std::string in_own_process(Body&& body) {
  Pipe answer;
  const Child child = fork_child([&] {
    std::string text;
    try {
      text = body();
    } catch (const std::exception& error) {
      text = std::string("exception: ") + error.what();
    }
    text += '\x04';
    ::_exit(::write(answer.writer(), text.data(), text.size()) < 0 ? 1 : 0);
  });
  answer.close_writer();
  std::string text = answer.read_up_to("\x04");
  if (!text.ends_with('\x04')) return "the process ended early, after: " + text;
  text.pop_back();
  return text;
}

}  // namespace provisr::test
