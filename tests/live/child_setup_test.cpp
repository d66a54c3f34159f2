#include "daemon/platform/child_process.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "support/live_children.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

namespace fs = std::filesystem;

/// What a shell prints that runs `script` as a child with the rest of `command`.
std::string output_of(const std::string& script, ChildCommand command = {}) {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  command.argv = {"/bin/sh", "-c", "{ " + script + "; } > '" + output.string() + "'"};
  const auto child = start_child(command);
  REQUIRE(wait_for_exit(*child).success());
  return read_text(output);
}

struct Refusal {
  std::error_code error;
  std::string what;
};

ChildCommand command_of(std::vector<std::string> argv) {
  ChildCommand command;
  command.argv = std::move(argv);
  return command;
}

Refusal refusal_of(const ChildCommand& command) {
  Refusal refusal;
  REQUIRE_FALSE(ChildProcess::start(command, refusal.error, refusal.what));
  return refusal;
}

void write_program(const fs::path& file, const std::string& script) {
  write_text(file, "#!/bin/sh\n" + script + "\n");
  fs::permissions(file, fs::perms::owner_all);
}

/// Puts another file in the place of standard input.
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

  const Refusal missing = refusal_of(command_of({"/no/such/program"}));
  CHECK(missing.error == std::errc::no_such_file_or_directory);
  CHECK(missing.what == "cannot execute /no/such/program");

  const Refusal not_in_path = refusal_of(command_of({"provisr-no-such-program"}));
  CHECK(not_in_path.error == std::errc::no_such_file_or_directory);
  CHECK(not_in_path.what == "cannot find provisr-no-such-program");

  const Refusal not_executable = refusal_of(command_of({plain_file.string()}));
  CHECK(not_executable.error == std::errc::permission_denied);
  CHECK(not_executable.what == "cannot execute " + plain_file.string());

  CHECK(refusal_of(command_of({directory.path().string()})).error == std::errc::permission_denied);
  CHECK(refusal_of(command_of({""})).error == std::errc::no_such_file_or_directory);
}

TEST_CASE("a work_dir that cannot be entered is an error of the start") {
  ChildCommand command;
  command.argv = {"true"};
  command.work_dir = "/no/such/directory";
  const Refusal refusal = refusal_of(command);
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
  ::kill(doomed_daemon, SIGKILL);
  ::waitpid(doomed_daemon, nullptr, 0);
  CHECK(eventually([&] { return !is_running(child); }));
}
