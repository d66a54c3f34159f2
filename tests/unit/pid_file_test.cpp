#include "daemon/pid_file.hpp"

#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace provisr::daemon;
using namespace provisr::test;
using Catch::Matchers::StartsWith;

TEST_CASE("the first line of a pid_file is a PID, spaces aside") {
  const std::string_view text =
      GENERATE("4711", "4711\n", "  4711 \r\n", "\t4711\n/var/lib/data\n5432\n");
  CHECK(parse_pid(text) == 4711);
}

TEST_CASE("all else is no PID") {
  const std::string_view text = GENERATE("", "\n4711", "0", "-1", "+1", "4711x", "47 11", "0x1f",
                                         "1.5", "2147483648", "99999999999999999999", "rubbish");
  CAPTURE(text);
  CHECK_FALSE(parse_pid(text));
}

TEST_CASE("a pid_file is read for its PID or for what is wrong with it") {
  const TempDirectory directory;
  const auto file = directory.path() / "app.pid";
  CHECK(read_pid_file(file).problem == "does not exist");
  write_text(file, "4711\n");
  CHECK(read_pid_file(file).pid == 4711);
  CHECK(read_pid_file(file) == read_pid_file(file));
  write_text(file, std::string(100'000, '1'));
  CHECK(read_pid_file(file).problem == "holds no PID");
  CHECK(read_pid_file(directory.path()).problem == "is not a regular file");
  CHECK(read_pid_file(file / "below").problem == "does not exist");
}

TEST_CASE("a FIFO in place of a pid_file does not block") {
  const TempDirectory directory;
  const auto fifo = directory.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_pid_file(fifo).problem == "is not a regular file");
}

TEST_CASE("a link that leads in a circle is a problem, not a missing file") {
  const TempDirectory directory;
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink(link, link);
  CHECK_THAT(read_pid_file(link).problem, StartsWith("cannot be read: "));
}

TEST_CASE("a pid_file is replaced whole, also through leftovers of a killed daemon") {
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

TEST_CASE("what cannot be written is an error and leaves nothing behind") {
  const TempDirectory directory;
  CHECK(write_pid_file(directory.path() / "missing" / "app.pid", 4711) ==
        std::errc::no_such_file_or_directory);
  std::filesystem::create_directory(directory.path() / "app.pid");
  CHECK(write_pid_file(directory.path() / "app.pid", 4711));
  CHECK_FALSE(std::filesystem::exists(directory.path() / "app.pid.new"));
}

TEST_CASE("only a pid_file that holds the PID is removed") {
  const TempDirectory directory;
  const auto file = directory.path() / "app.pid";
  write_text(file, "4711\n");
  remove_pid_file(file, 4712);
  CHECK(std::filesystem::exists(file));
  remove_pid_file(file, 4711);
  CHECK_FALSE(std::filesystem::exists(file));
}
