#include "daemon/cli/client/log_tail.hpp"
#include "daemon/platform/regular_file.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

using namespace provisr::daemon;
using provisr::test::TempDirectory;

namespace {

[[nodiscard]] std::error_code error_of(const std::filesystem::path& file) {
  std::error_code error;
  CHECK_FALSE(read_end_of_regular_file(file, 100, error));
  return error;
}

[[nodiscard]] ProcessReport logging_to(const std::filesystem::path& out) {
  ProcessReport report;
  report.stdout_file = out.string();
  return report;
}

}  // namespace

TEST_CASE("nothing that is no regular file is read as a log, and none blocks") {
  const TempDirectory folder;
  const auto fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(error_of(fifo) == std::errc::not_supported);
  CHECK(error_of("/dev/zero") == std::errc::not_supported);
  CHECK(error_of(folder.path()) == std::errc::not_supported);
  CHECK(log_tails_of(logging_to(fifo), 40).empty());
  CHECK(log_tails_of(logging_to("/dev/stdout"), 40).size() <= 1);
}

TEST_CASE("a log that may not be read is left out") {
  if (::geteuid() == 0) SKIP("root may read everything");
  const TempDirectory folder;
  const auto file = folder.write("log", "secret\n");
  REQUIRE(::chmod(file.c_str(), 0) == 0);
  CHECK(error_of(file) == std::errc::permission_denied);
  CHECK(log_tails_of(logging_to(file), 40).empty());
}

TEST_CASE("the end of a file says whether it is all of it") {
  const TempDirectory folder;
  std::error_code error;
  const auto whole = read_end_of_regular_file(folder.write("a", "12345"), 5, error);
  REQUIRE(whole);
  CHECK(whole->text == "12345");
  CHECK(whole->is_whole);
  const auto part = read_end_of_regular_file(folder.write("b", "123456"), 5, error);
  REQUIRE(part);
  CHECK(part->text == "23456");
  CHECK_FALSE(part->is_whole);
}
