// Commands in the real daemon: the measured PID must be that of the program.
#include "support/daemon_runner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace provisr::test;

namespace {

/// A program that writes its PID, the variable A and its working directory to the file named by its
/// argument, and then waits.
constexpr std::string_view app_script = R"sh(#!/bin/sh
echo "$$ ${A-unset} $(pwd)" > "$1.new"
mv "$1.new" "$1"
exec sleep 1000
)sh";

struct Said {
  pid_t pid = 0;
  std::string a;
  std::string folder;
};

Said said_in(const std::filesystem::path& file) {
  Said said;
  std::ifstream(file) >> said.pid >> said.a >> said.folder;
  return said;
}

}  // namespace

TEST_CASE("the process of a command is the program, however a shell was needed to run it") {
  struct Case {
    std::string_view command;  ///< {0} is the program, {1} the test's folder
    std::string_view a = "unset";
    bool is_in_folder = false;
  };
  const Case tried = GENERATE(
      Case{"{0} {1}/said"}, Case{"{0} {1}/said > {1}/out 2>&1"}, Case{"{0} {1}/said < /dev/null"},
      Case{"A=1 {0} {1}/said", "1"}, Case{"A='1' B=2 {0} {1}/said >> {1}/out", "1"},
      Case{"cd {1} && {0} {1}/said", "unset", true},
      Case{"cd {1} && exec {0} {1}/said", "unset", true}, Case{"A=3; export A; {0} $SAID", "3"},
      Case{"exec {0} {1}/said > /dev/null"});
  CAPTURE(tried.command);
  const TempDirectory folder;
  const auto said_file = folder.path() / "said";
  const auto app = folder.write("app", app_script);
  std::filesystem::permissions(app, std::filesystem::perms::owner_all);
  const Daemon daemon(fmt::format(
      "[[processes]]\nname = \"app\"\nenv = [\"SAID={}\"]\ncommand = \"{}\"\n", said_file.string(),
      fmt::format(fmt::runtime(tried.command), app.string(), folder.path().string())));
  REQUIRE(eventually([&] { return std::filesystem::exists(said_file); }));
  const Said said = said_in(said_file);
  CHECK(daemon.pid_of("app") == said.pid);
  CHECK(said.a == tried.a);
  CHECK((said.folder == std::filesystem::canonical(folder.path())) == tried.is_in_folder);
}

TEST_CASE("a program that a shell cannot find ends as the shell says") {
  const Daemon daemon(
      "[[processes]]\nname = \"app\"\ncommand = \"/no/such/program > /dev/null\"\n");
  REQUIRE(eventually([&] { return daemon.state_of("app") == "exited"; }));
  CHECK(daemon.status_of("app")["last_exit"]["code"].GetInt() == 127);
}
