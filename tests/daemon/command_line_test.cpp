#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <signal.h>
#include <string>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Returns the arguments for `provisrd run` on free ports.
[[nodiscard]] std::vector<std::string> run_arguments(const std::vector<std::string>& rest) {
  std::vector<std::string> arguments{"run", "--listen", fmt::format("127.0.0.1:{}", free_port()),
                                     "--metrics-listen", fmt::format("127.0.0.1:{}", free_port())};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

}  // namespace

TEST_CASE("the options --version and --help") {
  const Outcome version = provisrd({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out == "provisrd " PROVISR_VERSION "\n");
  const Outcome help = provisrd({"--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.out, ContainsSubstring("provisrd run"));
  CHECK_THAT(help.out, ContainsSubstring("--check"));
}

TEST_CASE("a wrong command line is status 2 and says what is near") {
  const Outcome outcome = provisrd({"--chekc", "x.toml"});
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, ContainsSubstring("--check"));
  CHECK(provisrd({}).status == 2);
}

TEST_CASE("the option --check tells all faults at once, a line each") {
  const TempDirectory folder;
  const auto file = folder.write("bad.toml",
                                 "[metrics.process_metrics]\n"
                                 "intervall = \"5s\"\n"
                                 "max_history = 0\n"
                                 "[[processes]]\n"
                                 "name = \"a/b\"\n"
                                 "command = \"true\"\n");
  const Outcome outcome = provisrd({"--check", file.string()});
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, ContainsSubstring(file.string() + ":2:"));
  CHECK_THAT(outcome.err, ContainsSubstring("interval"));
  CHECK_THAT(outcome.err, ContainsSubstring(file.string() + ":3:"));
  CHECK_THAT(outcome.err, ContainsSubstring(file.string() + ":5:"));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 3);
  CHECK(provisrd({file.string()}).status == 2);
}

TEST_CASE("the option --check, given a good file, is silent about faults and starts nothing") {
  const TempDirectory folder;
  const auto marker = folder.path() / "started";
  const auto file = folder.write(
      "good.toml",
      fmt::format("[[processes]]\nname = \"app\"\ncommand = \"touch {}\"\n", marker.string()));
  const Outcome outcome = provisrd({"--check", file.string()});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK_FALSE(std::filesystem::exists(marker));
}

TEST_CASE("a file that cannot be read is one clear line") {
  const Outcome outcome = provisrd({"/no/such/file.toml"});
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, ContainsSubstring("/no/such/file.toml"));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

TEST_CASE("provisrd run ends as its command ends") {
  CHECK(provisrd(run_arguments({"--", child_path(), "exiter", "0"})).status == 0);
  CHECK(provisrd(run_arguments({"--", child_path(), "exiter", "7"})).status == 7);
  CHECK(provisrd(run_arguments({"--", "sh", "-c", "kill -KILL $$"})).status == 128 + SIGKILL);
  const Outcome missing = provisrd(run_arguments({"--", "/no/such/program"}));
  CHECK(missing.status == 127);
  CHECK_THAT(missing.err, ContainsSubstring("/no/such/program"));
  CHECK(provisrd(run_arguments({"--", "/etc/passwd"})).status == 126);
  CHECK(provisrd(run_arguments({"--instances", "2", "--", child_path(), "exiter", "5"})).status ==
        5);
  CHECK_THAT(provisrd({"--help"}).out, ContainsSubstring("128 + the signal's number"));
}

TEST_CASE("provisrd run watches its command under its name, in instances") {
  const TempDirectory folder;
  const int port = free_port();
  Program program(
      {provisrd_path(), "run", "--listen", fmt::format("127.0.0.1:{}", port), "--metrics-listen",
       fmt::format("127.0.0.1:{}", free_port()), "--interval", "100ms", "--name", "worker",
       "--instances", "2", "--", child_path(), "threader", "1"},
      folder.path());
  CHECK(eventually([&] {
    const std::string body = http_get(port, "/api/metrics").body;
    return body.find("\"worker-1\"") != std::string::npos &&
           body.find("\"worker-2\"") != std::string::npos;
  }));
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
}
