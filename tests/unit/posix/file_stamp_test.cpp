#include "daemon/platform/regular_file.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>

using namespace provisr::daemon;
using namespace provisr::test;

TEST_CASE("a file has a stamp once its last change is a while ago") {
  const TempDirectory directory;
  const std::filesystem::path file = directory.path() / "nginx.pid";
  CHECK_FALSE(stamp_of(file));
  write_text(file, "4711\n");
  CHECK_FALSE(stamp_of(file));
  CHECK(stamp_of("/bin/sh"));
  CHECK(stamp_of("/bin/sh") == stamp_of("/bin/sh"));
}

TEST_CASE("a file's time of modification, which anybody may set, is not what its stamp goes by") {
  const TempDirectory directory;
  const std::filesystem::path file = directory.path() / "nginx.pid";
  write_text(file, "4711\n");
  std::filesystem::last_write_time(file, std::filesystem::last_write_time("/bin/sh"));
  CHECK_FALSE(stamp_of(file));
}
