#include "daemon/platform/child_process.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/posix/child_birth.hpp"
#include "support/live_children.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

namespace fs = std::filesystem;

/// Runs `script` in a shell, with the other settings of `command`, and returns its output.
std::string output_of(const std::string& script, ChildCommand command = {}) {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  command.argv = {"/bin/sh", "-c", "{ " + script + "; } > '" + output.string() + "'"};
  const auto child = start_child(command);
  REQUIRE(wait_for_exit(*child).success());
  return read_text(output);
}

ChildCommand command_of(std::vector<std::string> argv) {
  ChildCommand command;
  command.argv = std::move(argv);
  return command;
}

StartFailure refusal_of(const ChildCommand& command) {
  StartFailure refusal;
  const auto child = ChildProcess::start(command, refusal);
  REQUIRE(child);
  REQUIRE(eventually([&] { return child->execution(refusal) == Execution::failed; }));
  CHECK(wait_for_exit(*child).code == 127);
  return refusal;
}

void write_program(const fs::path& file, const std::string& script) {
  write_text(file, "#!/bin/sh\n" + script + "\n");
  fs::permissions(file, fs::perms::owner_all);
}

/// Replaces standard input by another file.
class StdinFrom {
 public:
  explicit StdinFrom(const fs::path& file) : before_(::dup(STDIN_FILENO)) {
    const int opened = ::open(file.c_str(), O_RDONLY);
    ::dup2(opened, STDIN_FILENO);
    ::close(opened);
  }
  ~StdinFrom() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  StdinFrom(const StdinFrom&) = delete;
  StdinFrom& operator=(const StdinFrom&) = delete;

 private:
  int before_;
};

}  // namespace

TEST_CASE("a start calls no fork handlers", "[child]") {
  const bool has_fork_without = ::dlsym(RTLD_DEFAULT, "_Fork") != nullptr;
  const bool is_thread_sanitized = ::dlsym(RTLD_DEFAULT, "__tsan_init") != nullptr;
  if (!has_fork_without || is_thread_sanitized) SKIP("only fork() is to be had");
  static int calls = 0;
  REQUIRE(::pthread_atfork([] { ++calls; }, nullptr, nullptr) == 0);
  REQUIRE(wait_for_exit(*start_child(command_of({"/bin/true"}))).success());
  CHECK(calls == 0);
}

TEST_CASE("a child runs in work_dir") {
  const TempDirectory directory;
  ChildCommand command;
  command.work_dir = directory.path();
  CHECK(output_of("pwd -P", command) == fs::canonical(directory.path()).string() + "\n");
}

TEST_CASE("env is added to the daemon's environment, the last of a key counts") {
  ::setenv("PROVISR_TEST_KEPT", "kept", 1);
  ::setenv("PROVISR_TEST_CHANGED", "before", 1);
  ChildCommand command;
  command.env = {"PROVISR_TEST_CHANGED=first", "PROVISR_TEST_CHANGED=a=b c", "PROVISR_TEST_NEW="};
  CHECK(output_of("env | grep ^PROVISR_TEST_ | sort", command) ==
        "PROVISR_TEST_CHANGED=a=b c\nPROVISR_TEST_KEPT=kept\nPROVISR_TEST_NEW=\n");
}

TEST_CASE("a program that cannot be executed is an error of the start") {
  const TempDirectory directory;
  const auto plain_file = directory.path() / "plain";
  write_text(plain_file, "text");

  const StartFailure missing = refusal_of(command_of({"/no/such/program"}));
  CHECK(missing.error == std::errc::no_such_file_or_directory);
  CHECK(missing.what == "cannot execute /no/such/program");

  const StartFailure not_in_path = refusal_of(command_of({"provisr-no-such-program"}));
  CHECK(not_in_path.error == std::errc::no_such_file_or_directory);
  CHECK(not_in_path.what == "cannot find provisr-no-such-program");

  const StartFailure not_executable = refusal_of(command_of({plain_file.string()}));
  CHECK(not_executable.error == std::errc::permission_denied);
  CHECK(not_executable.what == "cannot execute " + plain_file.string());

  CHECK(refusal_of(command_of({directory.path().string()})).error == std::errc::permission_denied);
  CHECK(refusal_of(command_of({""})).error == std::errc::no_such_file_or_directory);
}

TEST_CASE("a work_dir that cannot be entered is an error of the start") {
  ChildCommand command;
  command.argv = {"true"};
  command.work_dir = "/no/such/directory";
  const StartFailure refusal = refusal_of(command);
  CHECK(refusal.error == std::errc::no_such_file_or_directory);
  CHECK(refusal.what == "cannot enter /no/such/directory");
}

TEST_CASE("a program is looked for in the child's PATH, past what may not be executed") {
  const TempDirectory directory;
  fs::create_directories(directory.path() / "first");
  fs::create_directories(directory.path() / "second");
  write_text(directory.path() / "first" / "tool", "not executable");
  const std::string path = "PATH=/no/such:first:" + (directory.path() / "second").string();
  ChildCommand command = command_of({"tool"});
  command.work_dir = directory.path();
  command.env = {path};

  CHECK(refusal_of(command).error == std::errc::permission_denied);
  write_program(directory.path() / "second" / "tool", "exit 21");
  CHECK(wait_for_exit(*start_child(command)).code == 21);
  write_program(directory.path() / "first" / "tool", "exit 20");
  CHECK(wait_for_exit(*start_child(command)).code == 20);
}

TEST_CASE("a program with a slash is relative to work_dir") {
  const TempDirectory directory;
  write_program(directory.path() / "tool", "exit 22");
  ChildCommand command = command_of({"./tool"});
  command.work_dir = directory.path();
  CHECK(wait_for_exit(*start_child(command)).code == 22);
}

TEST_CASE("standard input is empty, or the daemon's if asked for") {
  const TempDirectory directory;
  write_text(directory.path() / "input", "from the daemon\n");
  const StdinFrom replaced(directory.path() / "input");
  CHECK(output_of("cat").empty());
  ChildCommand reader;
  reader.inherit_stdin = true;
  CHECK(output_of("cat", reader) == "from the daemon\n");
}

TEST_CASE("a child gets no descriptors but the standard ones") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  std::array<int, 8> inheritable{};
  for (int& fd : inheritable) fd = ::open("/dev/null", O_RDONLY);
  const auto child = start_child(child_with_output("opener 0", output));
  for (const int fd : inheritable) ::close(fd);
  REQUIRE(eventually([&] { return is_ready(output); }));
  CHECK(read_text(output).starts_with("descriptors 3\n"));
}

TEST_CASE("the daemon raises its descriptor limit, its children have the one from before") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t before = 200;
  REQUIRE(limit.rlim_max > before);
  limit.rlim_cur = before;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  raise_descriptor_limit();
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(limit.rlim_cur > before);
  CHECK(output_of("ulimit -Sn") == "200\n");
}

TEST_CASE("a daemon that is killed leaves no child running") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  const pid_t doomed_daemon = ::fork();
  if (doomed_daemon == 0) {
    static_cast<void>(start_child(child_with_output("threader 1", output)).release());
    while (true) ::pause();
  }
  REQUIRE(doomed_daemon > 0);
  REQUIRE(eventually([&] { return is_ready(output); }));
  const std::string pid_text = output_of("pgrep -P " + std::to_string(doomed_daemon));
  const ProcessId child = std::stoi(pid_text);
  REQUIRE(is_running(child));
  send_signal(doomed_daemon, SIGKILL);
  ::waitpid(doomed_daemon, nullptr, 0);
  CHECK(eventually([&] { return !is_running(child); }));
}

TEST_CASE("output is appended to files by the child itself") {
  const TempDirectory directory;
  ChildCommand command = command_of({"/bin/sh", "-c", "echo out; echo err >&2"});
  command.log_directory = directory.path() / "made";
  command.stdout_file = command.log_directory / "out";
  command.stderr_file = command.log_directory / "err";
  CHECK(wait_for_exit(*start_child(command)).success());
  CHECK(wait_for_exit(*start_child(command)).success());
  CHECK(read_text(command.stdout_file) == "out\nout\n");
  CHECK(read_text(command.stderr_file) == "err\nerr\n");
}

TEST_CASE("one file can take both streams") {
  const TempDirectory directory;
  ChildCommand command = command_of({"/bin/sh", "-c", "echo 1; echo 2 >&2; echo 3"});
  command.stdout_file = directory.path() / "log";
  command.stderr_file = command.stdout_file;
  CHECK(wait_for_exit(*start_child(command)).success());
  CHECK(read_text(command.stdout_file) == "1\n2\n3\n");
}

TEST_CASE("an output file that cannot be opened is an error of the start") {
  ChildCommand command = command_of({"/bin/true"});
  command.stdout_file = "/no/such/folder/log";
  CHECK(refusal_of(command).what == "cannot open /no/such/folder/log");
  command.stdout_file.clear();
  command.stderr_file = "/";
  const StartFailure refusal = refusal_of(command);
  CHECK(refusal.error == std::errc::is_a_directory);
  CHECK(refusal.what == "cannot open /");
}

TEST_CASE("one that waits for the reader of a named pipe holds up nobody") {
  const TempDirectory directory;
  ChildCommand command = command_of({"/bin/sh", "-c", "echo text"});
  command.stdout_file = directory.path() / "pipe";
  REQUIRE(::mkfifo(command.stdout_file.c_str(), 0600) == 0);
  StartFailure failure;
  const auto child = ChildProcess::start(command, failure);
  REQUIRE(child);
  CHECK(child->execution(failure) == Execution::pending);
  CHECK(wait_for_exit(*start_child(command_of({"/bin/true"}))).success());
  CHECK(child->execution(failure) == Execution::pending);

  SECTION("and can be killed") {
    child->kill_group();
    CHECK(wait_for_exit(*child).signal == SIGKILL);
    CHECK(child->execution(failure) == Execution::done);
  }
  SECTION("and goes on when there is one") {
    CHECK(read_text(command.stdout_file) == "text\n");
    CHECK(wait_for_exit(*child).success());
  }
}

TEST_CASE("the heap is not copied into a child") {
  const auto has_heap = [](const std::string& process) {
    return read_text("/proc/" + process + "/maps").find("[heap]") != std::string::npos;
  };
  if (!has_heap("self")) SKIP("this program has no heap that grows by brk");
  if (::dlsym(RTLD_DEFAULT, "__tsan_init") != nullptr) SKIP("the thread sanitizer needs all of it");
  const TempDirectory directory;
  ChildCommand command = command_of({"/bin/true"});
  command.stdout_file = directory.path() / "pipe";  // holds the child before it executes anything
  REQUIRE(::mkfifo(command.stdout_file.c_str(), 0600) == 0);
  StartFailure failure;
  const auto child = ChildProcess::start(command, failure);
  REQUIRE(child);
  CHECK_FALSE(has_heap(std::to_string(child->pid())));
}

TEST_CASE("a group is asked to end by the stop signal") {
  const auto child = start_child({child_path(), "threader", "1"});
  child->terminate_group(SIGINT);
  CHECK(wait_for_exit(*child).signal == SIGINT);
}

TEST_CASE("a child can be that of another user, with their groups and environment") {
  if (::geteuid() != 0) SKIP("only root can change users");
  const auto nobody = find_user("nobody");
  REQUIRE(nobody);
  ChildCommand command;
  const TempDirectory directory;
  command.argv = {"/bin/sh", "-c", "id -u; id -g; id -G; echo $HOME $USER $LOGNAME $SHELL"};
  command.stdout_file = directory.path() / "output";  // in a folder of the daemon's user
  command.account = nobody;
  const auto child = start_child(command);
  REQUIRE(wait_for_exit(*child).success());
  std::string groups;
  for (const auto group : nobody->groups)
    groups += (groups.empty() ? "" : " ") + std::to_string(group);
  CHECK(read_text(command.stdout_file) ==
        std::to_string(nobody->uid) + "\n" + std::to_string(nobody->gid) + "\n" + groups + "\n" +
            nobody->home + " nobody nobody " + nobody->shell + "\n");
}

TEST_CASE("the folder of another user is entered with that user's rights") {
  if (::geteuid() != 0) SKIP("only root can change users");
  const TempDirectory directory;
  ::chmod(directory.path().c_str(), 0700);
  ChildCommand command = command_of({"/bin/true"});
  command.account = find_user("nobody");
  command.work_dir = directory.path();
  const StartFailure refusal = refusal_of(command);
  CHECK(refusal.error == std::errc::permission_denied);
  CHECK(refusal.what.starts_with("cannot enter "));
}

TEST_CASE("a user who may not change users cannot start a child as another") {
  const pid_t tester = ::fork();
  if (tester == 0) {
    if (::geteuid() == 0 && ::setuid(find_user("nobody")->uid) != 0) ::_exit(2);
    ChildCommand command = command_of({"/bin/true"});
    command.account = find_user("root");
    StartFailure failure;
    const auto child = ChildProcess::start(command, failure);
    const bool is_refused =
        child && eventually([&] { return child->execution(failure) == Execution::failed; });
    ::_exit(is_refused && failure.what == "cannot become the user root" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(tester, &status, 0) == tester);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("users are known by name and by number") {
  const auto root = find_user("root");
  REQUIRE(root);
  CHECK(root->uid == 0);
  CHECK(find_user("0") == root);
  CHECK_FALSE(find_user("provisr-no-such-user"));
  CHECK_FALSE(find_user("4000000001"));
  CHECK_FALSE(find_user("-1"));
  CHECK_FALSE(find_user(""));
}

TEST_CASE("a child becomes another user whatever other threads do at the fork") {
  if (geteuid() != 0) SKIP("needs root");
  ChildCommand command = command_of({"true"});
  command.account = find_user("nobody");
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&is_over] {
      while (!is_over) std::thread([] {}).join();
    });
  }
  bool is_good = true;
  for (int i = 0; i < 300 && is_good; ++i) {
    StartFailure failure;
    const auto child = ChildProcess::start(command, failure);
    is_good = child && eventually([&] { return child->has_ended(); });
    if (child && !is_good) child->kill_group();
    if (child) is_good = wait_for_exit(*child).success() && is_good;
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(is_good);
}

TEST_CASE("a child that cannot move its pipe writes to no descriptor of the daemon") {
  constexpr int kept = 3;  // where the pipe would be
  const int saved = fcntl(kept, F_DUPFD_CLOEXEC, kept + 1);
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  const int reading_end = fcntl(ends[0], F_DUPFD_CLOEXEC, kept + 1);
  REQUIRE(dup2(ends[1], kept) == kept);
  for (const int end : ends) {
    if (end != kept) close(end);
  }
  constexpr int no_pipe = -1;
  const pid_t pid = ChildBirth(command_of({"/bin/true"})).fork_child(no_pipe, "PROVISR_TEST=1");
  int status = 0;
  const bool has_ended = waitpid(pid, &status, 0) == pid;
  if (saved >= 0) {
    dup2(saved, kept);
    close(saved);
  } else {
    close(kept);
  }
  char byte = 0;
  const ssize_t size = read(reading_end, &byte, 1);
  close(reading_end);
  REQUIRE(has_ended);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 127);
  CHECK(size == 0);
}
