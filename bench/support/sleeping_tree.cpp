#include "bench/support/sleeping_tree.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace provisr::bench {
namespace {

/// A command is the number of children to start; this one ends all that commands have started.
constexpr std::uint32_t end_all = 0;

void tell(int pipe, pid_t pid) {
  if (::write(pipe, &pid, sizeof pid) != sizeof pid) ::_exit(1);
}

[[noreturn]] void report_and_sleep(int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  tell(pipe, ::getpid());
  ::close_range(3, ~0U, 0);
  for (;;) ::pause();
}

[[nodiscard]] pid_t start_sleeper(int pipe) {
  const pid_t pid = ::fork();
  if (pid == 0) report_and_sleep(pipe);
  return pid;
}

void end(std::vector<pid_t>& born) {
  for (const pid_t pid : born) ::kill(pid, SIGKILL);
  for (const pid_t pid : born) ::waitpid(pid, nullptr, 0);
  born.clear();
}

[[noreturn]] void lead(std::size_t members, int commands, int answers) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  tell(answers, ::getpid());
  for (std::size_t i = 1; i < members; ++i) static_cast<void>(start_sleeper(answers));
  std::vector<pid_t> born;
  std::uint32_t command = 0;
  while (::read(commands, &command, sizeof command) == sizeof command) {
    if (command == end_all) {
      end(born);
      tell(answers, 0);
    }
    for (; command > 0; --command) born.push_back(start_sleeper(answers));
  }
  ::_exit(0);
}

void receive(int pipe, pid_t* pids, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (::read(pipe, pids + i, sizeof *pids) != sizeof *pids) {
      throw std::runtime_error("a member of the tree did not start");
    }
  }
}

}  // namespace

SleepingTree::SleepingTree(std::size_t members) : pids_(members) {
  int commands[2];
  int answers[2];
  if (::pipe2(commands, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  if (::fork() == 0) {
    ::close(commands[1]);
    lead(members, commands[0], answers[1]);
  }
  ::close(commands[0]);
  ::close(answers[1]);
  commands_ = commands[1];
  answers_ = answers[0];
  receive(answers_, pids_.data(), members);
}

SleepingTree::~SleepingTree() {
  ::kill(pids_.front(), SIGKILL);
  ::waitpid(pids_.front(), nullptr, 0);
  ::close(commands_);
  ::close(answers_);
}

std::vector<pid_t> SleepingTree::bear(std::uint32_t count) {
  std::vector<pid_t> born(count);
  command(count, born.data(), count);
  return born;
}

void SleepingTree::end_born() {
  pid_t done = 0;
  command(end_all, &done, 1);
}

void SleepingTree::command(std::uint32_t count, pid_t* answers, std::size_t expected) const {
  if (::write(commands_, &count, sizeof count) != sizeof count) {
    throw std::runtime_error("the tree has ended");
  }
  receive(answers_, answers, expected);
}

}  // namespace provisr::bench
