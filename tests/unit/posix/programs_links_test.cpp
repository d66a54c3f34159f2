// Entries of a programs folder that only POSIX systems have.
#include "daemon/config/load.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace provisr::daemon;
using namespace provisr::test;

namespace {

constexpr const char* program = "type = \"process\"\nspec = { name = \"a\", command = \"true\" }\n";

}  // namespace

TEST_CASE("links in the folder of programs are followed; what is no file is a fault") {
  const TempDirectory folder;
  const auto programs = folder.path() / "programs";
  const auto link = programs / "a.toml";
  std::filesystem::create_directory(programs);
  const auto load = [&] {
    return load_config(folder.write("provisr.toml", "programs_directory = \"programs\"\n"));
  };

  SECTION("to a file") {
    std::filesystem::create_symlink(folder.write("available.toml", program), link);
    CHECK(load().faults.empty());
    CHECK(load().config.processes.size() == 1);
  }
  SECTION("to a folder") {
    std::filesystem::create_directory_symlink(folder.path(), link);
    CHECK(load().faults.empty());
    CHECK(load().config.processes.empty());
  }
  SECTION("to nothing") {
    std::filesystem::create_symlink(folder.path() / "none", link);
    REQUIRE(load().faults.size() == 1);
    CHECK(load().faults[0].to_string() ==
          link.string() + ": cannot be read: No such file or directory");
  }
  SECTION("a FIFO") {
    REQUIRE(mkfifo(link.c_str(), 0600) == 0);
    REQUIRE(load().faults.size() == 1);
    CHECK(load().faults[0].to_string() ==
          link.string() + ": cannot be read: it is not a regular file");
  }
}

TEST_CASE("a program or a folder of programs that may not be read is a fault") {
  if (geteuid() == 0) SKIP("root may read everything");
  const TempDirectory folder;
  const auto programs = folder.path() / "programs";
  std::filesystem::create_directory(programs);
  const auto file = folder.write("programs/a.toml", program);
  const auto closed = GENERATE(true, false) ? file : programs;
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  const LoadedConfig loaded =
      load_config(folder.write("provisr.toml", "programs_directory = \"programs\"\n"));
  std::filesystem::permissions(closed, std::filesystem::perms::owner_all);
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].to_string().find("cannot be read: Permission denied") !=
        std::string::npos);
}
