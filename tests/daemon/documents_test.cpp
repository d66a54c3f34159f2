// Runs the commands that people copy from the documents, unchanged. The commands name the default
// ports, so these ports must be free.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;

namespace {

/// Returns the lines of a document's ```bash blocks that begin with `word`.
[[nodiscard]] std::vector<std::string> commands_of(const std::string& document,
                                                   std::string_view word) {
  std::ifstream file(source_path() + "/" + document);
  REQUIRE(file.is_open());
  std::vector<std::string> commands;
  bool is_in_block = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) is_in_block = line == "```bash";
    if (is_in_block && line.starts_with(word)) commands.push_back(line);
  }
  return commands;
}

[[nodiscard]] Outcome run_line(const std::string& line) {
  Outcome outcome = run_to_end({"bash", "-o", "pipefail", "-c", line});
  INFO(line << "\n" << outcome.err);
  CHECK(outcome.status == 0);
  return outcome;
}

[[nodiscard]] bool is_number(const std::string& text) {
  std::size_t length = 0;
  static_cast<void>(std::stod(text, &length));
  return text.substr(length) == "\n";
}

}  // namespace

TEST_CASE("the README's provisrd command works as it stands", "[serial]") {
  for (const int port : {8080, 9090}) {
    if (http_get(port, "/").status != 0) SKIP("somebody listens on port " << port);
  }
  const std::vector<std::string> commands = commands_of("README.md", "provisrd run ");
  REQUIRE(commands.size() == 1);
  const TempDirectory folder;
  folder.write("app.py", "import time\ntime.sleep(60)\n");
  const auto bin = std::filesystem::path(provisrd_path()).parent_path().string();
  Program daemon({"sh", "-c",
                  fmt::format("cd '{}' && export PATH='{}':\"$PATH\" && exec {}",
                              folder.path().string(), bin, commands.front())},
                 folder.path());
  const bool is_up = eventually([&] {
    return daemon.has_ended() || http_get(8080, "/api/metrics?name=my-app-3").status == 200;
  });
  INFO(daemon.err());
  REQUIRE(is_up);
  CHECK_FALSE(daemon.has_ended());
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("copied commands work as they stand", "[serial]") {
  for (const int port : {8080, 9090}) {
    if (http_get(port, "/").status != 0) SKIP("somebody listens on port " << port);
  }
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml",
                                 "[metrics.process_metrics]\ninterval = \"100ms\"\n[[processes]]\n"
                                 "name = \"my-app\"\ninstances = 3\n" +
                                     child_args({"spinner", "5"}));
  Program daemon({provisrd_path(), file.string()}, folder.path());
  const bool is_up = eventually([&] {
    return daemon.has_ended() || http_get(8080, "/api/metrics?name=my-app-3").status == 200;
  });
  INFO(daemon.err());
  REQUIRE(is_up);
  REQUIRE_FALSE(daemon.has_ended());

  SECTION("of the troubleshooting guide") {
    CHECK(is_number(
        run_line(R"(curl -s "http://localhost:8080/api/metrics?name=my-app-1" | jq '.cpu_percent')")
            .out));
    CHECK(
        run_line(
            R"(curl -s "http://localhost:8080/api/metrics" | jq 'to_entries[] | select(.value.cpu_percent > 80)')")
            .out.empty());
    CHECK(is_number(
        run_line(
            R"(curl -s "http://localhost:8080/api/metrics/group?base=my-app" | jq '.total_memory')")
            .out));
    CHECK(
        run_line(
            R"(curl -s "http://localhost:8080/api/metrics/group?base=my-app" | jq 'if .total_cpu > 100 then "ALERT: High CPU usage" else "OK" end')")
            .out == "\"OK\"\n");
  }

  SECTION("that ask a running provisrd") {
    REQUIRE(eventually([] {
      return http_get(8080, "/api/status").body.find("\"starting\"") == std::string::npos;
    }));
    const auto bin = std::filesystem::path(provisrd_path()).parent_path().string();
    for (const std::string document : {"README.md", "docs/commands.md"}) {
      const std::vector<std::string> commands = commands_of(document, "provisrd status");
      REQUIRE(commands.size() >= 2);
      for (const std::string& command : commands) {
        CHECK_FALSE(run_line(fmt::format("PATH='{}':\"$PATH\"; {}", bin, command)).out.empty());
      }
    }
    const std::vector<std::string> commands = commands_of("docs/top.md", "provisrd top");
    REQUIRE(commands.size() == 3);
    for (const std::string& command : commands) {
      CHECK(run_line(fmt::format("PATH='{}':\"$PATH\"; {}", bin, command)).out.find("my-app") !=
            std::string::npos);
    }
  }

  SECTION("of the README") {
    const std::vector<std::string> commands = commands_of("README.md", "curl ");
    REQUIRE(commands.size() >= 5);
    for (const std::string& command : commands) {
      INFO(command);
      const Outcome outcome = run_line(command);
      CHECK_FALSE(outcome.out.empty());
      CHECK(outcome.out.find("\"error\"") == std::string::npos);
    }
  }
}
