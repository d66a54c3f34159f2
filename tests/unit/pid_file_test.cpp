#include "daemon/supervisor/pid_file.hpp"

#include "daemon/base/text.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>
#include <string>
#include <string_view>

using namespace provisr::daemon;
using namespace provisr::test;

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

TEST_CASE("a pid_file is replaced whole") {
  const TempDirectory directory;
  const auto file = directory.write("app.pid", "old and longer than a PID");
  directory.write("app.pid.new", "of a daemon that was killed");
  REQUIRE_FALSE(write_pid_file(file, 4711));
  CHECK(read_text(file) == "4711\n");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "app.pid.new"));
}

TEST_CASE("a pid_file's name holds any letters") {
  const TempDirectory directory;
  const auto file = directory.path() / path_of("J\u00fcrgen \u65e5\u672c.pid");
  REQUIRE_FALSE(write_pid_file(file, 4711));
  CHECK(read_pid_file(file).pid == 4711);
  remove_pid_file(file, 4711);
  CHECK_FALSE(std::filesystem::exists(file));
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
