// `provisrd top` on a pseudo-terminal, with a real provisrd.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/pseudo_terminal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
using Words = std::vector<std::string>;

namespace {

[[nodiscard]] std::string group_and_failure() {
  return "[metrics.process_metrics]\ninterval = \"50ms\"\n" +
         process_toml("app", {"threader", "1"}, "instances = 3") +
         process_toml("broken", {"exiter", "3"});
}

[[nodiscard]] Words top_of(const Daemon& daemon, Words more = {}) {
  Words command{provisrd_path(), "top", "--interval=100ms", "--url", daemon.url()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

[[nodiscard]] bool is_up(const Daemon& daemon) {
  return eventually([&] {
    return daemon.state_of("broken") == "exited" && daemon.state_of("app-3") == "running" &&
           daemon.has_samples_of({"app-1", "app-2", "app-3"});
  });
}

}  // namespace

TEST_CASE("top shows totals, problems, groups and members at every width") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  const auto [columns, has_chart] =
      GENERATE(table<unsigned short, bool>({{40, false}, {80, true}, {200, true}}));
  TerminalProgram top(top_of(daemon), columns, 24);
  INFO(columns);
  const bool is_complete = top.shows([&](const std::string& text) {
    return text.find("3 up  1 down") != std::string::npos &&
           text.find("! broken has ended") != std::string::npos &&
           text.find("- app (3)") != std::string::npos &&
           text.find("    app-2") != std::string::npos && text.find("q quit") != std::string::npos;
  });
  INFO(top.screen().text());
  REQUIRE(is_complete);
  CHECK_THAT(top.screen().text(), ContainsSubstring("CPU %    MEM MB"));
  if (has_chart) {
    CHECK(top.shows_text("CPU CHART"));
    CHECK(top.shows_text("\u2581\u2581\u2581\u2581"));
  }
  CHECK((top.screen().text().find("    FDS") != std::string::npos) == (columns == 200));
  CHECK_FALSE(top.screen().has_seen_mouse());
  top.type("q");
  CHECK(top.wait() == 0);
  CHECK(top.is_restored());
}

TEST_CASE("top folds, filters, sorts and helps by key") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 100, 24);
  REQUIRE(top.shows_text("    app-3"));
  const auto lacks = [&](std::string_view text) {
    return top.shows(
        [&](const std::string& shown) { return shown.find(text) == std::string::npos; });
  };
  top.type("-");
  CHECK(lacks("    app-3"));
  CHECK(top.shows_text("+ app (3)"));
  top.type("+");
  CHECK(top.shows_text("    app-3"));
  top.type("\x1b[B ");  // the first row is the group
  CHECK(top.shows_text("+ app (3)"));
  top.type(" /brok\r");
  CHECK(lacks("app (3)"));
  CHECK(top.shows_text("/brok  1 rows"));
  top.type("\x1b");
  CHECK(top.shows_text("- app (3)"));
  top.type("m");
  CHECK(top.shows_text("MEM MBv"));
  top.type("?");
  CHECK(top.shows_text("Keys of provisrd top"));
  top.type("xq");
  CHECK(top.wait() == 0);
}

TEST_CASE("top follows the size of its terminal") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 200, 24);
  REQUIRE(top.shows_text("THREADS"));
  top.resize(40, 8);
  REQUIRE(top.shows([&](const std::string& text) {
    return text.find("THREADS") == std::string::npos && text.find(" of 5") != std::string::npos;
  }));
  top.type("\x1b[F");
  CHECK(top.shows_text("  broken"));
  top.resize(1, 1);
  top.resize(120, 24);
  CHECK(top.shows_text("THREADS"));
  top.type("q");
  CHECK(top.wait() == 0);
  CHECK(top.is_restored());
}

TEST_CASE("top ends clean on signals and keys that end it") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 80, 24);
  REQUIRE(top.shows_text("    app-3"));
  const int number = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0);
  INFO(number);
  if (number == 0) {
    top.type("\x03");  // the terminal turns Ctrl-C into SIGINT
  } else {
    top.signal(number);
  }
  CHECK(top.wait() == (number == SIGHUP ? 1 : 0));
  CHECK(top.is_restored());
}

TEST_CASE("top ends when its terminal is gone") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 80, 24);
  REQUIRE(top.shows_text("    app-3"));
  top.hang_up();
  CHECK(top.wait() == 1);
}

TEST_CASE("top ends clean before a terminal that takes nothing") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 200, 50);
  REQUIRE(top.shows_text("    app-3"));
  top.fill_output();
  top.signal(SIGTERM);
  CHECK(top.wait() == 0);
}

TEST_CASE("top gives the terminal back while it is suspended") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  // The shell must give top its own process group, because Ctrl-Z does not stop the group of a
  // session leader.
  Words command = top_of(daemon);
  std::string line = "set -m; ";
  for (const std::string& word : command) line += "'" + word + "' ";
  TerminalProgram shell({"/bin/bash", "-c", line + "; echo suspended; fg; echo over $?"}, 80, 24);
  REQUIRE(shell.shows_text("    app-3"));
  shell.type("\x1a");  // Ctrl-Z; the shell continues top at once
  const bool is_back =
      shell.shows([&](const std::string&) { return shell.screen().times_alternate() >= 2; });
  INFO(shell.screen().text());
  REQUIRE(is_back);
  CHECK(shell.shows_text("    app-3"));
  shell.type("q");
  const bool has_ended_well = shell.shows_text("over 0");
  INFO(shell.screen().text());
  CHECK(has_ended_well);
  CHECK(shell.screen().times_alternate() == 2);
  CHECK(shell.wait() == 0);
  CHECK(shell.is_restored());
}

TEST_CASE("top says that its provisrd has ended, and goes on when one is there again") {
  const TempDirectory folder;
  const auto socket = (folder.path() / "s").string();
  const auto config = folder.write(
      "p.toml", fmt::format("[server]\nlisten = \"unix:{}\"\n[metrics]\nenabled = false\n{}",
                            socket, process_toml("app", {"threader", "1"}, "instances = 2")));
  std::optional<Program> served(std::in_place, Words{provisrd_path(), config.string()},
                                folder.path());
  REQUIRE(eventually([&] {
    return run_to_end({provisrd_path(), "status", "--socket", socket}).status == 0;
  }));
  TerminalProgram top({provisrd_path(), "top", "--interval=100ms", "--socket", socket}, 100, 24);
  REQUIRE(top.shows_text("    app-2"));
  served->signal(SIGTERM);
  REQUIRE(served->wait() == 0);
  CHECK(top.shows_text("NO ANSWER for "));
  CHECK_THAT(top.screen().text(), ContainsSubstring("    app-2"));
  served.emplace(Words{provisrd_path(), config.string()}, folder.path());
  CHECK(top.shows([](const std::string& text) {
    return text.find("NO ANSWER") == std::string::npos && text.find("2 up") != std::string::npos;
  }));
  top.type("q");
  CHECK(top.wait() == 0);
  CHECK(top.is_restored());
}

TEST_CASE("top prints once if it is not on a terminal, or is told so") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  for (const Words& more : {Words{}, Words{"--once"}, Words{"app", "--once"}}) {
    const Outcome outcome = run_to_end(top_of(daemon, more));
    CHECK(outcome.status == 0);
    CHECK(outcome.err.empty());
    CHECK_THAT(outcome.out, ContainsSubstring("- app (3)"));
    CHECK_THAT(outcome.out, ContainsSubstring("THREADS"));
    CHECK(outcome.out.find('\x1b') == std::string::npos);
    CHECK((outcome.out.find("broken") == std::string::npos) == (more.size() == 2));
  }
  TerminalProgram once(top_of(daemon, {"--once"}), 80, 24);
  CHECK(once.wait() == 0);
  CHECK_THAT(once.screen().text(), ContainsSubstring("app"));
  CHECK_FALSE(once.screen().is_alternate());
  TerminalProgram dumb(top_of(daemon), 80, 24, {"TERM=dumb"});
  CHECK(dumb.wait() == 0);
}

TEST_CASE("top prints JSON") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  const Outcome outcome = run_to_end(top_of(daemon, {"--json"}));
  CHECK(outcome.status == 0);
  rapidjson::Document json;
  json.Parse(outcome.out.c_str());
  REQUIRE_FALSE(json.HasParseError());
  CHECK(json["totals"]["up"].GetUint() == 3);
  CHECK(json["totals"]["down"].GetUint() == 1);
  CHECK(json["processes"].Size() == 4);
  CHECK(json["processes"][0]["base"] == "app");
  CHECK(json["problems"][0]["name"] == "broken");
}

TEST_CASE("top tells what keeps it from starting") {
  const Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  const Outcome unknown = run_to_end(top_of(daemon, {"ap"}));
  CHECK(unknown.status == 4);
  CHECK_THAT(unknown.err, ContainsSubstring("there is no process or base \"ap\""));
  const Outcome nobody = run_to_end(
      {provisrd_path(), "top", "--url", fmt::format("http://localhost:{}", free_port())});
  CHECK(nobody.status == 1);
  CHECK_THAT(nobody.err, ContainsSubstring("cannot ask"));
}

TEST_CASE("top obeys keys while its provisrd hangs") {
  Daemon daemon(group_and_failure());
  REQUIRE(is_up(daemon));
  TerminalProgram top(top_of(daemon), 80, 24);
  REQUIRE(top.shows_text("    app-3"));
  daemon.program().signal(SIGSTOP);
  top.type("?");
  CHECK(top.shows_text("Keys of provisrd top"));
  top.type("xq");
  CHECK(top.wait() == 0);
  CHECK(top.is_restored());
}
