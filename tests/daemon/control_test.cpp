// Control of the real daemon over HTTP: by token, by Unix socket, and by clients without the right.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string& secret = TokenFile::token;
const Headers& credentials = TokenFile::credentials;

[[nodiscard]] std::string app(std::string_view more = "") {
  return process_toml("app", {"threader", "1"}, more);
}

[[nodiscard]] std::string auth(const TokenFile& file, std::string_view more = "") {
  return fmt::format("[server.auth]\ntoken_file = \"{}\"\n{}", file.path(), more);
}

[[nodiscard]] int post(const Daemon& daemon, const std::string& target,
                       const Headers& headers = {}) {
  return http_send(daemon.api_port(), "POST", "/api" + target, headers).status;
}

}  // namespace

TEST_CASE("processes are stopped, started and restarted over HTTP with the token") {
  const TokenFile token;
  const Daemon daemon(auth(token) + app("\nauto_restart = true\n"));
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  const pid_t first = daemon.pid_of("app");
  const HttpResult stopped =
      http_send(daemon.api_port(), "POST", "/api/stop?name=app&wait=60s", credentials);
  CHECK(stopped.status == 200);
  CHECK(stopped.body == R"({"names":["app"]})");
  CHECK(daemon.state_of("app") == "stopped");
  CHECK_FALSE(is_alive(first));
  CHECK(post(daemon, "/start?name=app&wait=60s", credentials) == 200);
  const pid_t second = daemon.pid_of("app");
  CHECK(post(daemon, "/restart?base=app", credentials) == 202);
  CHECK(eventually(
      [&] { return daemon.state_of("app") == "running" && daemon.pid_of("app") != second; }));
  CHECK(post(daemon, "/stop?name=other", credentials) == 404);
  CHECK(post(daemon, "/stop", credentials) == 400);
}

TEST_CASE("a process that runs, but has no sample yet, is not said not to run") {
  const TokenFile token;
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"1s\"\n" + auth(token) + app());
  const auto has_answer = [&](std::string_view text) {
    const HttpResult sample = daemon.get("/api/metrics?name=app");
    return sample.status == 404 && sample.body.find(text) != std::string::npos;
  };
  CHECK(eventually([&] {  // a tick may come just after the start
    REQUIRE(post(daemon, "/stop?name=app&wait=60s", credentials) == 200);
    REQUIRE(eventually([&] { return has_answer("is known but not running"); }));
    REQUIRE(post(daemon, "/start?name=app", credentials) == 202);
    static_cast<void>(daemon.pid_of("app"));
    return has_answer("runs, but has no sample yet");
  }));
}

TEST_CASE("exits are told of all, of one process or of a base") {
  const Daemon daemon(process_toml("app", {"exiter", "3"}, "\ninstances = 2\n") +
                      process_toml("other", {"exiter", "0"}));
  const auto count = [&](const std::string& query) {
    return daemon.json("/api/exits" + query)["exits"].Size();
  };
  REQUIRE(eventually([&] { return count("") == 3; }));
  CHECK(count("?base=app") == 2);
  CHECK(count("?name=app") == 0);
  CHECK(count("?name=app-2") == 1);
  CHECK(count("?base=app&since=9999-01-01T00:00:00Z") == 0);
  CHECK(daemon.get("/api/exits?name=app-1&base=app").status == 400);
}

TEST_CASE("a command that is not done in time is 504 and stands") {
  const TokenFile token;
  const Daemon daemon(
      auth(token) + "[[processes]]\nname = \"app\"\n" +
      "args = [\"/bin/sh\", \"-c\", \"trap '' TERM; while :; do sleep 0.1; done\"]\n"
      "stop_timeout = \"2s\"\n");
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK(post(daemon, "/stop?name=app&wait=1ms", credentials) == 504);
  CHECK(eventually([&] { return daemon.state_of("app") == "stopped"; }));
}

TEST_CASE("a process of somebody else is not controlled") {
  const TokenFile token;
  const Daemon daemon(auth(token) +
                      "[[processes]]\nname = \"nginx\"\npid_file = \"/no/such/file\"\n");
  CHECK(post(daemon, "/stop?name=nginx", credentials) == 409);
}

TEST_CASE("control without the token changes nothing") {
  const TokenFile token;
  const Daemon daemon(auth(token) + app());
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  const pid_t pid = daemon.pid_of("app");
  const std::string stop = "/stop?name=app&wait=60s";
  const HttpResult missing = http_send(daemon.api_port(), "POST", "/api" + stop);
  CHECK(missing.status == 401);
  CHECK_THAT(missing.headers.at("WWW-Authenticate"), ContainsSubstring("Bearer"));
  CHECK(post(daemon, stop, {{"Authorization", "Bearer " + secret + "x"}}) == 401);
  CHECK(post(daemon, stop, {{"Authorization", "Basic " + secret}}) == 401);
  CHECK(post(daemon, stop + "&token=" + secret) == 401);
  CHECK(http_send(daemon.api_port(), "GET", "/api" + stop, credentials).status == 405);
  CHECK(http_send(daemon.api_port(), "HEAD", "/api" + stop, credentials).status == 405);

  const auto raw = [&](const std::string& fields) {
    RawClient client(daemon.api_port());
    client.send("POST /api" + stop + " HTTP/1.1\r\n" + fields + "\r\n");
    return status_of_answer(client.read_answer());
  };
  const std::string right = "Authorization: Bearer " + secret + "\r\n";
  CHECK(raw("Host: localhost\r\n" + right + right) == 401);
  CHECK(raw("Host: localhost\r\nAuthorization: Bearer " + std::string("\0", 1) + secret + "\r\n") ==
        400);
  CHECK(raw("Host: localhost\r\nAuthorization: Bearer " + std::string(1'000'000, 'a')) == 431);
  CHECK(raw("Host: evil.example\r\n" + right) == 403);
  CHECK(raw("Host: localhost\r\nOrigin: http://evil.example\r\n" + right) == 403);
  CHECK(raw("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n" + right) == 403);
  CHECK(raw("Host: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n" + right) == 413);

  CHECK(daemon.state_of("app") == "running");
  CHECK(daemon.pid_of("app") == pid);
  CHECK(raw("Host: localhost\r\nContent-Length: 0\r\nOrigin: http://localhost\r\n" + right) == 200);
}

TEST_CASE("without a token, provisrd is read-only over TCP and says so") {
  const Daemon daemon(app());
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  const HttpResult refused =
      http_send(daemon.api_port(), "POST", "/api/stop?name=app&wait=60s", credentials);
  CHECK(refused.status == 403);
  CHECK_THAT(refused.body, ContainsSubstring("read-only") && ContainsSubstring("token_file"));
  CHECK(daemon.state_of("app") == "running");
}

TEST_CASE("protected reads take the token on both listeners, the health does not") {
  const TokenFile token;
  const Daemon daemon(auth(token, "protect_reads = true\n") + app());
  for (const std::string path : {"/", "/api/status", "/api/metrics", "/api/metrics/history"}) {
    INFO(path);
    CHECK(http_get(daemon.api_port(), path).status == 401);
    CHECK(http_send(daemon.api_port(), "GET", path, credentials).status != 401);
  }
  for (const std::string path : {"/", "/metrics"}) {
    INFO(path);
    CHECK(http_get(daemon.metrics_port(), path).status == 401);
    CHECK(http_send(daemon.metrics_port(), "GET", path, credentials).status == 200);
  }
  for (const int port : {daemon.api_port(), daemon.metrics_port()}) {
    CHECK(http_get(port, "/healthz").status == 200);
    CHECK(http_get(port, "/healthz").body == "ok\n");
  }
}

TEST_CASE("a client of a Unix socket controls without a token, a page behind it does not") {
  const TokenFile token;
  const std::string path = (token.folder().path() / "api.sock").string();
  const auto file = token.folder().write(
      "provisr.toml", (GENERATE(false, true) ? auth(token, "protect_reads = true\n") : "") + app());
  Program program({provisrd_path(), file.string(), "--listen", "unix:" + path, "--metrics-listen",
                   "127.0.0.1:0"},
                  token.folder().path());
  REQUIRE(program.comes_to_log("JSON API on"));
  const auto ask = [&](const std::string& request_line, const std::string& fields = "") {
    RawClient client = RawClient::to_unix_socket(path);
    client.send(request_line + " HTTP/1.0\r\n" + fields + "\r\n");
    return client.read_all();
  };
  CHECK(status_of_answer(ask("POST /api/stop?name=app&wait=60s",
                             "Host: h\r\nOrigin: http://evil.example\r\n")) == 403);
  CHECK(status_of_answer(ask("POST /api/stop?name=app&wait=60s")) == 200);
  const std::string status = ask("GET /api/status");
  CHECK(status_of_answer(status) == 200);
  CHECK_THAT(status, ContainsSubstring("\"state\":\"stopped\""));
  CHECK(status_of_answer(ask("POST /api/start?name=app&wait=60s")) == 200);
}

TEST_CASE("a token file that others can read keeps the daemon from starting") {
  const TokenFile token;
  std::filesystem::permissions(token.path(), std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  const auto file = token.folder().write("provisr.toml", auth(token));
  std::vector<std::string> command{provisrd_path(), file.string()};
  if (GENERATE(false, true)) command.insert(command.begin() + 1, "--check");
  Program program(command, token.folder().path());
  CHECK(program.wait() == 2);
  CHECK_THAT(program.err(), ContainsSubstring("provisr.toml:2: server.auth.token_file: "));
}

TEST_CASE(
    "a token file that was replaced holds from the next reload on, unless others can read it") {
  const TokenFile token;
  Daemon daemon(auth(token) + app());
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  const Headers fresh{{"Authorization", "Bearer staple-battery-horse"}};
  const auto holds = [&](const Headers& headers) {
    return post(daemon, "/start?name=app", headers);
  };

  std::filesystem::remove(token.path());
  token.write("staple-battery-horse");
  CHECK(holds(fresh) == 401);
  CHECK(holds(credentials) == 202);
  daemon.program().signal(SIGHUP);
  CHECK(eventually([&] { return holds(fresh) == 202; }));
  CHECK(holds(credentials) == 401);

  token.write(secret);
  std::filesystem::permissions(token.path(), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const HttpResult refused = http_send(daemon.api_port(), "POST", "/api/reload", fresh);
  CHECK(refused.status == 422);
  CHECK_THAT(refused.body, ContainsSubstring("token_file"));
  CHECK(holds(fresh) == 202);
  CHECK(holds(credentials) == 401);
}

TEST_CASE("a token that was taken back holds no longer, on a connection from before, too") {
  const TokenFile token;
  Daemon daemon(auth(token) + app());
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  RawClient before(daemon.api_port());
  const auto answer_to = [&](const std::string& target) {
    CHECK(before.send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                      secret + "\r\n\r\n"));
    return status_of_answer(before.read_answer());
  };
  CHECK(answer_to("/api/start?name=app") == 202);
  token.write("staple-battery-horse");
  CHECK(post(daemon, "/reload", credentials) == 200);
  CHECK(answer_to("/api/start?name=app") == 401);
}

TEST_CASE("the token is shown nowhere") {
  const TokenFile token;
  Daemon daemon(auth(token) + app(), {"--log-level", "debug"});
  CHECK(post(daemon, "/restart?name=app&wait=60s", credentials) == 200);
  CHECK(post(daemon, "/restart?name=app", {{"Authorization", "Bearer x" + secret}}) == 401);
  std::string shown = daemon.prometheus();
  for (const char* const path : {"/", "/api/status", "/api/metrics", "/healthz"}) {
    shown += http_send(daemon.api_port(), "GET", path, credentials).body;
  }
  CHECK_THAT(shown, !ContainsSubstring(secret));
  daemon.program().signal(SIGTERM);
  REQUIRE(daemon.program().wait() == 0);
  CHECK_THAT(daemon.program().err(), !ContainsSubstring(secret));
}

TEST_CASE("who waits for a command when the daemon ends is told") {
  const TokenFile token;
  Daemon daemon(auth(token) + "[[processes]]\nname = \"app\"\n" +
                "args = [\"/bin/sh\", \"-c\", \"trap '' TERM; while :; do sleep 0.1; done\"]\n"
                "stop_timeout = \"1s\"\n");
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  RawClient client(daemon.api_port());
  client.send(
      "POST /api/restart?name=app&wait=10m HTTP/1.1\r\nHost: localhost\r\n"
      "Authorization: Bearer " +
      secret + "\r\n\r\n");
  REQUIRE(eventually([&] { return daemon.state_of("app") == "stopping"; }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  const int status = status_of_answer(client.read_all());
  CHECK((status == 500 || status == 503));
}

TEST_CASE("the status of one process or of a base") {
  const Daemon daemon("[[processes]]\nname = \"my-app\"\ninstances = 2\n" +
                      child_args({"threader", "1"}) + "\n" + app());
  CHECK(daemon.json("/api/status")["processes"].Size() == 3);
  CHECK(daemon.json("/api/status?base=my-app")["processes"].Size() == 2);
  const auto one = daemon.json("/api/status?name=app");
  REQUIRE(one["processes"].Size() == 1);
  CHECK(one["processes"][0]["name"] == "app");
  CHECK(daemon.get("/api/status?name=my-app").status == 404);
  CHECK(daemon.get("/api/status?base=my").status == 404);
  CHECK(daemon.get("/api/status?name=a&base=b").status == 400);
}
