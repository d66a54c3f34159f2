#include "daemon/platform/child_process.hpp"

#include "support/live_children.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

ExitStatus exit_of(std::vector<std::string> argv) {
  return wait_for_exit(*start_child(std::move(argv)));
}

bool is_gone(const ChildProcess& child) {
  return eventually([&] { return !child.group_alive(); });
}

/// A parent in its own process group that never reaps its children.
class CarelessParent {
 public:
  /// Starts the parent with one child, which joins `group`.
  explicit CarelessParent(pid_t group) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) live(group, ready[1]);
    ::close(ready[1]);
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
  }
  ~CarelessParent() {
    send_signal(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  CarelessParent(const CarelessParent&) = delete;
  CarelessParent& operator=(const CarelessParent&) = delete;

 private:
  [[noreturn]] static void live(pid_t group, int ready) {
    ::setpgid(0, 0);
    ::signal(SIGTERM, SIG_DFL);
    if (::fork() == 0) {
      ::setpgid(0, group);
      if (::write(ready, "!", 1) != 1) ::_exit(1);
    }
    while (true) ::pause();
  }

  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a child's exit code or signal is reported, again and again") {
  CHECK(exit_of({child_path(), "exiter", "0"}) == ExitStatus{});
  CHECK(exit_of({child_path(), "exiter", "7"}) == ExitStatus{.code = 7, .signal = 0});
  const auto child = start_child({"/bin/sh", "-c", "kill -KILL $$"});
  CHECK(wait_for_exit(*child) == ExitStatus{.code = 0, .signal = SIGKILL});
  CHECK(poll_exit(*child) == ExitStatus{.code = 0, .signal = SIGKILL});
  CHECK(is_gone(*child));
}

TEST_CASE("an exit status in words and for a shell") {
  constexpr ExitStatus code{.code = 3, .signal = 0};
  constexpr ExitStatus killed{.code = 0, .signal = SIGKILL};
  CHECK(code.to_string() == "exit code 3");
  CHECK(code.shell_code() == 3);
  CHECK_FALSE(code.success());
  CHECK(killed.to_string().starts_with("signal 9 (Killed"));
  CHECK(killed.shell_code() == 137);
  CHECK_FALSE(killed.success());
  CHECK(ExitStatus{}.success());
}

TEST_CASE("a child that runs has not ended, and leads a group of its own") {
  const auto child = start_child({child_path(), "threader", "1"});
  CHECK_FALSE(poll_exit(*child));
  CHECK(child->group_alive());
  CHECK(::getpgid(static_cast<pid_t>(child->pid())) == child->pid());
  CHECK(is_running(child->pid()));
  child->terminate_group();
  CHECK(wait_for_exit(*child).signal == SIGTERM);
  CHECK(is_gone(*child));
}

TEST_CASE("signals that the daemon ignores or blocks reach the child") {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGTERM, &ignore, &before);
  sigset_t blocked;
  sigset_t mask;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  const auto child = start_child({child_path(), "threader", "1"});
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  sigaction(SIGTERM, &before, nullptr);

  child->terminate_group();
  CHECK(wait_for_exit(*child).signal == SIGTERM);
}

TEST_CASE("a child that was stopped can act on the request to end") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  const auto child = start_child(
      {"/bin/sh", "-c",
       "trap 'exit 9' TERM; echo ready > '" + output.string() + "'; while :; do sleep 0.02; done"});
  REQUIRE(eventually([&] { return is_ready(output); }));
  send_signal(child->pid(), SIGSTOP);
  child->terminate_group();
  CHECK(wait_for_exit(*child).code == 9);
}

TEST_CASE("one that ignores SIGTERM goes with SIGKILL, and its child with it") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  const auto child = start_child(child_with_output("stubborn --with-child", output));
  REQUIRE(eventually([&] { return is_ready(output); }));
  const std::vector<ProcessId> its_child = pids_after("child", output);
  REQUIRE(its_child.size() == 1);
  child->terminate_group();
  child->kill_group();
  CHECK(wait_for_exit(*child).signal == SIGKILL);
  CHECK(is_gone(*child));
  CHECK_FALSE(is_running(its_child[0]));
}

TEST_CASE("workers whose leader has ended are asked to end, too") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  const auto child = start_child(child_with_output("forker 3 --leave", output));
  CHECK(wait_for_exit(*child).success());
  const std::vector<ProcessId> workers = pids_after("worker", output);
  REQUIRE(workers.size() == 3);
  CHECK(is_gone(*child));
  for (const ProcessId worker : workers) CHECK_FALSE(is_running(worker));
}

TEST_CASE("workers that ignore SIGTERM outlive their leader until they are killed") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  const auto child = start_child({"/bin/sh", "-c",
                                  "'" + child_path() + "' stubborn > '" + output.string() +
                                      "' & until grep -q ready '" + output.string() +
                                      "'; do sleep 0.02; done 2> /dev/null"});
  CHECK(wait_for_exit(*child).success());
  CHECK(child->group_alive());
  child->terminate_group();
  CHECK(child->group_alive());
  child->kill_group();
  CHECK(is_gone(*child));
}

TEST_CASE("a zombie that nobody collects is nothing left of a group") {
  const auto child = start_child({child_path(), "threader", "1"});
  const auto group = static_cast<pid_t>(child->pid());
  const CarelessParent parent(group);
  child->terminate_group();
  CHECK(wait_for_exit(*child).signal == SIGTERM);
  CHECK(is_gone(*child));
  CHECK(::kill(-group, 0) == 0);  // the zombie is still there
}

TEST_CASE("workers that became the daemon's own children, as process 1's do, are collected") {
  const auto child = start_child({child_path(), "threader", "1"});
  const pid_t adopted = ::fork();
  if (adopted == 0) {
    ::signal(SIGTERM, SIG_DFL);
    while (true) ::pause();
  }
  REQUIRE(::setpgid(adopted, static_cast<pid_t>(child->pid())) == 0);
  child->kill_group();
  CHECK(wait_for_exit(*child).signal == SIGKILL);
  CHECK(is_gone(*child));
  CHECK(::waitpid(adopted, nullptr, 0) == -1);
}

TEST_CASE("destroying a child kills its group") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  auto child = start_child(child_with_output("stubborn --with-child", output));
  REQUIRE(eventually([&] { return is_ready(output); }));
  const ProcessId leader = child->pid();
  const ProcessId worker = pids_after("child", output).at(0);
  child.reset();
  CHECK(eventually([&] { return !is_running(leader) && !is_running(worker); }));
}

TEST_CASE("the children of others are left to them") {
  const pid_t others = ::fork();
  if (others == 0) ::_exit(5);
  REQUIRE(others > 0);
  CHECK(exit_of({child_path(), "exiter", "0"}).success());
  int status = 0;
  REQUIRE(::waitpid(others, &status, 0) == others);
  CHECK(WEXITSTATUS(status) == 5);
}
