#include "daemon/supervisor/pid_file.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>
#include <string_view>
#include <sys/stat.h>

using namespace provisr::daemon;
using namespace provisr::test;
using Catch::Matchers::StartsWith;

TEST_CASE("a FIFO in place of a pid_file does not block") {
  const TempDirectory directory;
  const auto fifo = directory.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_pid_file(fifo).problem == "is not a regular file");
}

TEST_CASE("no device and no file of procfs that waits for its content blocks") {
  const TempDirectory directory;
  for (const char* const target : {"/dev/tty", "/dev/zero", "/proc/kmsg", "/proc/self/mounts"}) {
    if (!std::filesystem::exists(target)) continue;
    const auto link = directory.path() / std::filesystem::path(target).filename();
    std::filesystem::create_symlink(target, link);
    INFO(target);
    const bool has_pid = read_pid_file(link).pid.has_value();
    // The kernel log may be cut anywhere, and then begin like a PID.
    if (std::string_view(target) != "/proc/kmsg") CHECK_FALSE(has_pid);
  }
}

TEST_CASE("a link that leads in a circle is a problem, not a missing file") {
  const TempDirectory directory;
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink(link, link);
  CHECK_THAT(read_pid_file(link).problem, StartsWith("cannot be read: "));
}

TEST_CASE("no pid_file is written through a link that somebody has put there") {
  const TempDirectory directory;
  const auto file = directory.path() / "app.pid";
  const auto victim = directory.path() / "victim";
  write_text(file, "old and longer than a PID");
  write_text(victim, "precious");
  std::filesystem::create_symlink(victim, directory.path() / "app.pid.new");
  REQUIRE_FALSE(write_pid_file(file, 4711));
  CHECK(read_text(file) == "4711\n");
  CHECK(read_text(victim) == "precious");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "app.pid.new"));
}
