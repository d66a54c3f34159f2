// The client commands start, stop and restart against a real provisrd.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <signal.h>
#include <string>
#include <utility>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using Words = std::vector<std::string>;

namespace {

[[nodiscard]] Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

[[nodiscard]] std::string processes() {
  return "[[processes]]\nname = \"app\"\ninstances = 2\n" + child_args({"threader", "1"}) +
         "[[processes]]\nname = \"missing\"\nargs = [\"/no/such/program\"]\n"
         "[[processes]]\nname = \"foreign\"\npid_file = \"/no/such/file.pid\"\n";
}

/// Writes a file that only its owner may read.
[[nodiscard]] std::string secret_file(const TempDirectory& folder, std::string_view name,
                                      std::string_view text) {
  const auto file = folder.write(name, text);
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return file.string();
}

/// A provisrd that accepts commands over TCP with its token.
struct Guarded {
  explicit Guarded(std::string_view auth = "")
      : token(secret_file(folder, "token", "a-token-of-this-test\n")),
        daemon(
            fmt::format("[server.auth]\ntoken_file = \"{}\"\n{}\n{}", token, auth, processes())) {}

  [[nodiscard]] Words place() const {
    return {"--url", fmt::format("http://localhost:{}", daemon.api_port())};
  }
  [[nodiscard]] Words place_and_token() const { return with(place(), {"--token-file", token}); }

  TempDirectory folder;
  std::string token;
  Daemon daemon;
};

/// A provisrd that listens on a Unix socket.
struct OnSocket {
  explicit OnSocket(const std::string& watched = processes(), std::string_view first = "app")
      : socket(folder.path() / "api.sock"),
        program(
            {provisrd_path(),
             folder
                 .write("provisr.toml", fmt::format("[server]\nlisten = \"unix:{}\"\n[metrics]\n"
                                                    "enabled = false\n{}",
                                                    socket, watched))
                 .string()},
            folder.path()) {
    REQUIRE(eventually([&] {
      return provisrd(with({"status", std::string(first)}, place())).status == 0;
    }));
  }

  [[nodiscard]] Words place() const { return {"--socket", socket}; }

  TempDirectory folder;
  std::string socket;
  Program program;
};

void stop_start_and_restart(const Words& place) {
  REQUIRE(eventually([&] { return provisrd(with({"status", "app"}, place)).status == 0; }));
  const Outcome stopped = provisrd(with({"stop", "app-1"}, place));
  CHECK(stopped.status == 0);
  CHECK(stopped.out == "app-1: stopped\n");
  CHECK(stopped.err.empty());
  const Outcome status = provisrd(with({"status", "app-1"}, place));
  CHECK(status.status == 3);
  CHECK_THAT(status.out, ContainsSubstring("State: stopped"));

  CHECK(provisrd(with({"start", "app-1"}, place)).out == "app-1: started\n");
  CHECK(provisrd(with({"status", "app-1"}, place)).status == 0);

  const Outcome both = provisrd(with({"restart", "app", "app-1"}, place));
  CHECK(both.status == 0);
  CHECK(both.out == "app-1: restarted\napp-2: restarted\napp-1: restarted\n");
  CHECK_THAT(provisrd(with({"status", "app-2"}, place)).out, ContainsSubstring("Restarts: 1\n"));
}

}  // namespace

TEST_CASE("processes are stopped, started and restarted over TCP with a token") {
  const Guarded guarded;
  stop_start_and_restart(guarded.place_and_token());
}

TEST_CASE("processes are stopped, started and restarted over a Unix socket without a token") {
  const OnSocket on_socket;
  stop_start_and_restart(on_socket.place());
}

TEST_CASE("over TCP nobody commands without the token") {
  const Guarded guarded;
  const Outcome none = provisrd(with({"stop", "app-1"}, guarded.place()));
  CHECK(none.status == 1);
  CHECK(none.out.empty());
  CHECK_THAT(none.err, StartsWith("provisrd: app-1: "));
  CHECK_THAT(none.err, ContainsSubstring("--token-file names a file with it"));
  const std::string wrong = secret_file(guarded.folder, "wrong", "another-token-of-it");
  const Outcome other = provisrd(with({"stop", "app-1", "--token-file", wrong}, guarded.place()));
  CHECK(other.status == 1);
  CHECK(other.err.find("another-token-of-it") == std::string::npos);
  CHECK(guarded.daemon.state_of("app-1") != "stopped");
}

TEST_CASE("with protected reads, status takes the token, too") {
  const Guarded guarded("protect_reads = true");
  CHECK(provisrd(with({"status"}, guarded.place())).status == 1);
  CHECK(provisrd(with({"status"}, guarded.place_and_token())).status == 0);
}

TEST_CASE("a provisrd without a token is read-only over TCP") {
  const Daemon daemon(processes());
  const Words place{"--url", fmt::format("http://localhost:{}", daemon.api_port())};
  const Outcome outcome = provisrd(with({"stop", "app-1"}, place));
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.err, StartsWith("provisrd: app-1: "));
  CHECK(daemon.state_of("app-1") != "stopped");
}

TEST_CASE(
    "what cannot be done is told by name, and does not keep others from what they are asked") {
  const OnSocket on_socket;
  const Outcome outcome =
      provisrd(with({"restart", "foreign", "missing", "nobody", "app-1"}, on_socket.place()));
  CHECK(outcome.status == 4);
  CHECK(outcome.out == "app-1: restarted\n");
  CHECK_THAT(outcome.err, ContainsSubstring("provisrd: foreign: "));
  CHECK_THAT(outcome.err, ContainsSubstring("provisrd: missing: "));
  CHECK_THAT(outcome.err, ContainsSubstring("provisrd: there is no process or base \"nobody\"\n"));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 3);
  CHECK(provisrd(with({"start", "missing"}, on_socket.place())).status == 1);
}

TEST_CASE("a stop that is not done in time is told, or only asked for") {
  OnSocket on_socket(
      "[[processes]]\nname = \"stubborn\"\nstop_timeout = \"1h\"\n" + child_args({"stubborn"}),
      "stubborn");
  REQUIRE(eventually([&] { return on_socket.program.out().find("ready") != std::string::npos; }));
  const Outcome late = provisrd(with({"stop", "stubborn", "--wait", "1ms"}, on_socket.place()));
  CHECK(late.status == 1);
  CHECK(late.out.empty());
  CHECK_THAT(late.err, StartsWith("provisrd: stubborn: not done within 1ms"));
  const Outcome asked = provisrd(with({"stop", "stubborn", "--no-wait"}, on_socket.place()));
  CHECK(asked.status == 0);
  CHECK(asked.out == "stubborn: asked to stop\n");
  CHECK_THAT(provisrd(with({"status", "stubborn"}, on_socket.place())).out,
             ContainsSubstring("State: stopping"));
  on_socket.program.signal(SIGTERM);
  REQUIRE(on_socket.program.comes_to_log("INFO stopping"));
  on_socket.program.signal_again(SIGTERM);
  CHECK(on_socket.program.wait() == 0);
}
