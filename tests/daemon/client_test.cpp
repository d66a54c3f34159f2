// The client commands against a real provisrd, and against servers that are not a provisrd.
#include "support/daemon_runner.hpp"
#include "support/fake_server.hpp"
#include "support/paths.hpp"
#include "support/raw_client.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
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
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;
using Words = std::vector<std::string>;

namespace {

/// Runs a shell line in which $P is provisrd.
[[nodiscard]] Outcome shell_with_provisrd(const std::string& line) {
  return run_to_end({"bash", "-c", fmt::format("P='{}'; {}", provisrd_path(), line)});
}

[[nodiscard]] std::string three_kinds() {
  return "[metrics.process_metrics]\ninterval = \"50ms\"\n" +
         process_toml("app", {"threader", "1"}, "instances = 2") +
         process_toml("once", {"exiter", "3"}) +
         "[[processes]]\nname = \"foreign\"\npid_file = \"/no/such/file.pid\"\n";
}

[[nodiscard]] bool is_one_sentence(const std::string& text) {
  return text.starts_with("provisrd: ") && std::count(text.begin(), text.end(), '\n') == 1;
}

const std::string one_process_status =
    R"({"processes": [{"name": "a", "state": "running", "pid": 1}]})";

}  // namespace

TEST_CASE("status shows every process in a table") {
  const Daemon daemon(three_kinds());
  REQUIRE(eventually([&] {
    return daemon.state_of("once") == "exited" && daemon.state_of("app-2") == "running";
  }));
  const Outcome outcome = provisrd({"status", "--url", daemon.url()});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, Matches("NAME     STATE    PID +UPTIME  RESTARTS  LAST EXIT[^]*"));
  CHECK_THAT(outcome.out, Matches("[^]*\napp-2    running  [0-9]+ +[0-9a-z]+ +0 +-[^]*"));
  CHECK_THAT(outcome.out, Matches("[^]*\nonce     exited   - +- +0 +exit code 3 at 20[^]*"));
  CHECK_THAT(outcome.out, ContainsSubstring("\nforeign  absent"));
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 5);
}

TEST_CASE("status of names shows a block for each and tells by its status whether they run") {
  const Daemon daemon(three_kinds());
  REQUIRE(eventually([&] { return daemon.state_of("once") == "exited"; }));
  REQUIRE(daemon.has_samples_of({"app-1", "app-2"}));
  REQUIRE(eventually([&] {
    return daemon.state_of("app-1") == "running" && daemon.state_of("app-2") == "running";
  }));
  const auto status = [&](Words names) {
    names.insert(names.begin(), {"status", "--url", daemon.url()});
    return provisrd(names);
  };

  const Outcome one = status({"app-1"});
  CHECK(one.status == 0);
  CHECK_THAT(one.out, StartsWith("app-1\n       State: running since 20"));
  CHECK_THAT(one.out,
             ContainsSubstring(fmt::format("\n         PID: {}\n", daemon.pid_of("app-1"))));
  CHECK_THAT(one.out,
             Matches("[^]*\n      Memory: [0-9.]+ MB .highest sample kept: [0-9.]+ MB.\n[^]*"));

  const Outcome base = status({"app", "app-1"});
  CHECK(base.status == 0);
  CHECK_THAT(base.out, Matches("app-1\n[^]*\n\napp-2\n[^]*"));
  CHECK(base.out.find("app-1", 1) == std::string::npos);

  CHECK(status({"once"}).status == 3);
  CHECK(status({"foreign"}).status == 3);
  CHECK(status({"app-1", "once"}).status == 3);

  const Outcome unknown = status({"ap-1", "once", "app-1"});
  CHECK(unknown.status == 4);
  CHECK(unknown.err == "provisrd: there is no process or base \"ap-1\"; did you mean \"app-1\"?\n");
  CHECK_THAT(unknown.out, ContainsSubstring("app-1\n"));
  CHECK(status({"nonsense"}).out.empty());
}

TEST_CASE("status of a name ends with the last lines of its logs, if they are of this machine") {
  const TempDirectory folder;
  const std::string log = (folder.path() / "out").string();
  const Daemon daemon(
      "[[processes]]\nname = \"app\"\n"
      "args = [\"/bin/sh\", \"-c\", \"seq 20; printf 'no end \\\\033[31mred'; sleep 3600\"]\n"
      "[processes.log]\nstdout = \"" +
      log + "\"\n");
  REQUIRE(
      eventually([&] { return std::filesystem::exists(log) && read_text(log).ends_with("red"); }));
  CHECK(daemon.json("/api/status")["processes"][0]["log"]["stdout"].GetString() == log);
  const Outcome own = provisrd({"status", "--url", daemon.url(), "app"});
  std::string lines = fmt::format("      Stdout: {}\n", log);
  for (int i = 12; i <= 20; ++i) lines += fmt::format("              {}\n", i);
  CHECK_THAT(own.out, Catch::Matchers::EndsWith(lines + "              no end red\n"));

  const FakeServer other(
      json_response(200, fmt::format(R"({{"processes": [{{"name": "app", "state": "running",
                           "log": {{"stdout": "{}"}}}}],
                           "machine": {{"name": "another-machine"}}}})",
                                     log)));
  const Outcome foreign = provisrd({"status", "--url", other.url(), "app"});
  CHECK_THAT(foreign.out, StartsWith("app\n"));
  CHECK_THAT(foreign.out, !ContainsSubstring("Stdout"));
}

TEST_CASE("status --json is the API's JSON, of all or of those that are named") {
  const Daemon daemon(three_kinds());
  const auto json_of = [&](const std::string& names) {
    const Outcome outcome = shell_with_provisrd(fmt::format(
        "$P status --json --url {} {} | jq -c '[.processes[].name]'", daemon.url(), names));
    CHECK(outcome.err.empty());
    return outcome.out;
  };
  CHECK(json_of("") == "[\"app-1\",\"app-2\",\"once\",\"foreign\"]\n");
  CHECK(json_of("app") == "[\"app-1\",\"app-2\"]\n");
  const Outcome unknown = provisrd({"status", "--json", "--url", daemon.url(), "x"});
  CHECK(unknown.status == 4);
  CHECK(unknown.out == "{\"processes\":[]}\n");
}

TEST_CASE("the daemon is found by a socket, by an environment variable, by its base path") {
  const TempDirectory folder;
  const std::string socket = folder.path() / "api.sock";
  const auto file = folder.write("provisr.toml", "[server]\nlisten = \"unix:" + socket +
                                                     "\"\nbase_path = \"/x/y\"\n[metrics]\nenabled "
                                                     "= false\n" +
                                                     process_toml("app", {"threader", "1"}));
  const TempDirectory output;
  Program daemon({provisrd_path(), file.string()}, output.path());
  REQUIRE(eventually([&] { return std::filesystem::exists(socket) || daemon.has_ended(); }));
  const std::string base = "--url http://localhost/x/y/";
  REQUIRE(eventually([&] {
    return shell_with_provisrd(fmt::format("$P status {} --socket {} app", base, socket)).status ==
           0;
  }));
  CHECK(shell_with_provisrd(fmt::format("cd {} && $P status {} --socket api.sock app",
                                        folder.path().string(), base))
            .status == 0);
  const Outcome elsewhere =
      shell_with_provisrd(fmt::format("PROVISRD_URL=unix:{} $P status app", socket));
  CHECK(elsewhere.status == 1);
  CHECK_THAT(elsewhere.err, ContainsSubstring("/api/status"));
  CHECK_THAT(elsewhere.err, ContainsSubstring("base path"));
}

TEST_CASE("PROVISRD_URL is asked unless the command line says otherwise") {
  const Daemon daemon(process_toml("app", {"threader", "1"}));
  REQUIRE(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK(shell_with_provisrd(fmt::format("PROVISRD_URL={} $P status app", daemon.url())).status ==
        0);
  CHECK(shell_with_provisrd(
            fmt::format("PROVISRD_URL=http://nowhere.invalid $P status --url {} app", daemon.url()))
            .status == 0);
  const Outcome wrong = shell_with_provisrd("PROVISRD_URL=localhost:8080 $P status app");
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, StartsWith("provisrd: PROVISRD_URL: \"localhost:8080\" must begin with"));
}

TEST_CASE("a daemon that cannot be reached is one sentence and status 1") {
  const TempDirectory folder;
  folder.write("plain", "");
  const std::string path = folder.path().string();
  using Case = std::pair<Words, std::string>;
  for (const auto& [where, reason] : {
           Case{{"--url", fmt::format("http://127.0.0.1:{}", free_port())}, "Connection refused"},
           Case{{"--url", fmt::format("http://localhost:{}", free_port())}, "Connection refused"},
           Case{{"--url", fmt::format("http://[::1]:{}", free_port())}, "cannot ask http://[::1]:"},
           Case{{"--url", "http://nowhere.invalid:1"}, "\"nowhere.invalid\" cannot be found"},
           Case{{"--socket", path + "/none"}, "No such file or directory"},
           Case{{"--socket", path + "/plain"}, "Connection refused"},
           Case{{"--socket", path + "/" + std::string(200, 'x')}, "name too long"},
       }) {
    Words arguments{"status", "app"};
    arguments.insert(arguments.end(), where.begin(), where.end());
    const Outcome outcome = provisrd(arguments);
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK(is_one_sentence(outcome.err));
    CHECK_THAT(outcome.err, ContainsSubstring(reason));
    CHECK_THAT(outcome.err, ContainsSubstring("--url or --socket says where"));
  }
}

TEST_CASE("what answers otherwise than a provisrd is one sentence and status 1") {
  using Case = std::pair<std::string, std::string>;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const auto [bytes, reason] = GENERATE_COPY(
      Case{"", "closed before an answer"}, Case{"HTTP/1.1 200", "closed before an answer"},
      Case{"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"}, Case{"garbage", "not HTTP"},
      Case{"HTTP/2 200 OK\r\n\r\n", "not HTTP"}, Case{"HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP"},
      Case{ok + "Content-Length: 100\r\n\r\n{}", "broke off"},
      Case{ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "broke off or is malformed"},
      Case{ok + "Content-Type: text/html\r\n\r\n<html>", "not of a provisrd: not JSON"},
      Case{json_response(200, "{}"), "it lists no processes"},
      Case{json_response(200, std::string(100'000, '[')), "nested too deeply"},
      Case{"HTTP/1.1 " + std::string(100'000, '1') + "\r\n\r\n", "not HTTP"},
      Case{ok + "X: " + std::string(100'000, 'x') + "\r\n\r\n",
           "header is longer than 32768 bytes"},
      Case{"HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n",
           "redirects are not followed"},
      Case{"HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nbad", "answered with status 502"},
      Case{json_response(404, R"({"error": "there is nothing at /api/status"})"),
           "there is nothing at /api/status"},
      Case{json_response(401, R"({"error": "a token is needed"})"),
           "a token is needed; --token-file names a file with it"},
      Case{json_response(403, R"({"error": "\u001b[2Jno"})"), "\\x1b[2Jno"});
  const FakeServer server(bytes);
  const Outcome outcome = provisrd({"status", "--url", server.url()});
  INFO(bytes.substr(0, 100));
  CHECK(outcome.status == 1);
  CHECK(outcome.out.empty());
  CHECK(is_one_sentence(outcome.err));
  CHECK_THAT(outcome.err, ContainsSubstring(reason));
}

TEST_CASE("unusual answers are understood") {
  const std::string head = "HTTP/1.1 200 " + std::string(20'000, 'x') + "\r\n";
  const std::string bytes = GENERATE_COPY(
      head + "\r\n" + one_process_status, "HTTP/1.0 200\r\n\r\n" + one_process_status,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" +
          json_response(200, one_process_status),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
          fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", one_process_status.size(), one_process_status));
  const FakeServer server(bytes);
  const Outcome outcome = provisrd({"status", "--url", server.url()});
  INFO(bytes.substr(0, 100));
  CHECK(outcome.err.empty());
  CHECK(outcome.out == "NAME  STATE    PID  UPTIME  RESTARTS\na     running  1    -       -\n");
}

TEST_CASE("a body without an end is cut off") {
  const FakeServer server("HTTP/1.1 200 OK\r\n\r\n ", FakeServer::Ending::endless);
  const Outcome outcome = provisrd({"status", "--url", server.url()});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("the answer is longer than 67108864 bytes"));
}

TEST_CASE("interim answers without an end are cut off") {
  std::string bytes;
  for (int i = 0; i < 2'000; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  const FakeServer server(bytes, FakeServer::Ending::hold);
  CHECK_THAT(provisrd({"status", "--url", server.url()}).err,
             ContainsSubstring("header is longer than 32768 bytes"));
}

TEST_CASE("the token is sent where it is asked for, and shown nowhere") {
  const TempDirectory folder;
  const std::string file = folder.write("token", "s3cret-t0ken\n").string();
  FakeServer server(json_response(401, R"({"error": "wrong token"})"));
  const Outcome outcome = provisrd({"status", "--url", server.url(), "--token-file", file});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.err, ContainsSubstring("wrong token\n"));
  CHECK(outcome.err.find("s3cret") == std::string::npos);
  const std::string request = server.stop_and_take_requests();
  CHECK_THAT(request, StartsWith("GET /api/status HTTP/1.1\r\n"));
  CHECK_THAT(request, ContainsSubstring("\r\nAuthorization: Bearer s3cret-t0ken\r\n"));
  CHECK_THAT(request, ContainsSubstring(fmt::format("\r\nHost: 127.0.0.1:{}\r\n", server.port())));
  CHECK(request.find("\r\nAuthorization", request.find("Authorization")) == std::string::npos);
}

TEST_CASE("without a token file no token is sent") {
  FakeServer server(json_response(200, one_process_status));
  CHECK(provisrd({"status", "--url", server.url()}).status == 0);
  CHECK(server.stop_and_take_requests().find("Authorization") == std::string::npos);
}

TEST_CASE("a token file that holds no token is refused before anything is asked") {
  const TempDirectory folder;
  folder.write("empty", " \n");
  folder.write("lines", "a\nb\n");
  folder.write("header", "a\r\nX: y");
  folder.write("long", std::string(5000, 'a'));
  const std::string path = folder.path().string();
  FakeServer server(json_response(200, one_process_status));
  using Case = std::pair<std::string, std::string>;
  for (const auto& [file, reason] : {
           Case{path + "/none", "cannot be read: No such file"},
           Case{path, "is not a regular file"},
           Case{"/dev/zero", "is not a regular file"},
           Case{path + "/empty", "holds no token"},
           Case{path + "/lines", "must hold one word"},
           Case{path + "/header", "must hold one word"},
           Case{path + "/long", "is longer than 4096 bytes"},
       }) {
    const Outcome outcome = provisrd({"status", "--url", server.url(), "--token-file", file});
    CHECK(outcome.status == 1);
    CHECK(is_one_sentence(outcome.err));
    CHECK_THAT(outcome.err, ContainsSubstring(reason));
  }
  CHECK(server.stop_and_take_requests().empty());
}

TEST_CASE("output that cannot be written is status 1 and one sentence") {
  const FakeServer server(json_response(200, one_process_status));
  for (const std::string words : {"status", "status a", "status --json", "status --json a"}) {
    for (const std::string_view to : {">/dev/full", ">&-"}) {
      const Outcome outcome =
          shell_with_provisrd(fmt::format("$P {} --url {} {}", words, server.url(), to));
      INFO(words << to);
      CHECK(outcome.status == 1);
      CHECK(outcome.err == "provisrd: standard output cannot be written\n");
    }
  }
}

TEST_CASE("a reader that has read enough ends status quietly enough") {
  std::string many = R"({"processes": [)";
  for (int i = 0; i < 20'000; ++i) many += fmt::format("{{\"name\": \"process-{}\"}},", i);
  many.back() = ']';
  const FakeServer server(json_response(200, many + "}"));
  const Outcome outcome = shell_with_provisrd(
      fmt::format("$P status --url {} | head -n 1; echo ${{PIPESTATUS[0]}}", server.url()));
  CHECK_THAT(outcome.out, Matches("NAME[^\n]*\n1\n"));
  CHECK(outcome.err == "provisrd: standard output cannot be written\n");
  CHECK(shell_with_provisrd(fmt::format("$P status --url {} | wc -l", server.url())).out ==
        "20001\n");
}

TEST_CASE("a process named like a client command is still run, a file so named still read") {
  const TempDirectory folder;
  folder.write("status", "[server]\nlisten = 5\n");
  const std::string enter = "cd " + folder.path().string() + " && ";
  for (const std::string words : {"./status", "--config status", "--check status", "-- status"}) {
    const Outcome outcome = shell_with_provisrd(enter + "$P " + words);
    INFO(words);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("status:2:"));
  }
  const Outcome ran = shell_with_provisrd(
      enter + fmt::format("printf '#!/bin/sh\\nexit 9\\n' > reload; chmod +x reload; "
                          "PATH=.:$PATH; $P run --listen 127.0.0.1:{} --metrics-listen "
                          "127.0.0.1:{} reload",
                          free_port(), free_port()));
  CHECK(ran.status == 9);
}

namespace {

const std::string two_of_a_base =
    R"({"processes": [{"name": "app-1"}, {"name": "app-2"}, {"name": "web"}]})";

/// Returns the answers of a server with two processes of a base: their status, then this answer.
[[nodiscard]] std::vector<std::string> status_then(int status, const std::string& body) {
  return {json_response(200, two_of_a_base), json_response(status, body)};
}

/// Returns the request line of the last POST.
[[nodiscard]] std::string last_line_asked(FakeServer& server) {
  const std::string requests = server.stop_and_take_requests();
  const std::size_t begin = requests.rfind("POST ");
  REQUIRE(begin != std::string::npos);
  return requests.substr(begin, requests.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("start, stop and restart ask for a process or a base, and say what was done") {
  struct Case {
    Words words;
    std::string line;
    int status;
    std::string out;
  };
  const Case asked = GENERATE(
      Case{{"start", "app-1"}, "POST /api/start?name=app-1&wait=1m HTTP/1.1", 200, "started"},
      Case{{"stop", "app-1"}, "POST /api/stop?name=app-1&wait=1m HTTP/1.1", 200, "stopped"},
      Case{{"restart", "app-1"}, "POST /api/restart?name=app-1&wait=1m HTTP/1.1", 200, "restarted"},
      Case{{"restart", "app-1", "--wait", "90s"},
           "POST /api/restart?name=app-1&wait=90s HTTP/1.1",
           200,
           "restarted"},
      Case{{"stop", "app-1", "--no-wait"},
           "POST /api/stop?name=app-1 HTTP/1.1",
           202,
           "asked to stop"},
      Case{{"stop", "app"}, "POST /api/stop?base=app&wait=1m HTTP/1.1", 200, "stopped"});
  FakeServer server(status_then(asked.status, R"({"names": ["app-1"]})"));
  Words words = asked.words;
  words.insert(words.end(), {"--url", server.url()});
  const Outcome outcome = provisrd(words);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "app-1: " + asked.out + "\n");
  CHECK(outcome.err.empty());
  CHECK(last_line_asked(server) == asked.line);
}

TEST_CASE("every process of a base has its line") {
  const FakeServer server(status_then(200, R"({"names": ["app-1", "app-2", "x\u001b"]})"));
  CHECK(provisrd({"restart", "app", "--url", server.url()}).out ==
        "app-1: restarted\napp-2: restarted\nx\\x1b: restarted\n");
}

TEST_CASE("a command that is refused is one sentence with the name, and status 1") {
  struct Case {
    int status;
    std::string error;
    int exit;
  };
  const Case refused = GENERATE(
      Case{409, "somebody else runs it", 1}, Case{504, "not done within 1m; it goes on", 1},
      Case{403, "read-only", 1}, Case{401, "a token is needed", 1}, Case{500, "out of memory", 1},
      Case{503, "busy", 1}, Case{404, "there is no process named app-1", 4});
  const FakeServer server(
      status_then(refused.status, fmt::format(R"({{"error": "{}"}})", refused.error)));
  const Outcome outcome = provisrd({"stop", "app-1", "web", "--url", server.url()});
  CHECK(outcome.status == refused.exit);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, StartsWith("provisrd: app-1: " + refused.error));
  CHECK_THAT(outcome.err, ContainsSubstring("\nprovisrd: web: " + refused.error));
}

TEST_CASE("a sentence that begins with the name is not told with the name twice") {
  const FakeServer server(status_then(500, R"({"error": "app-1: cannot enter /srv"})"));
  const Outcome outcome = provisrd({"start", "app-1", "web", "--url", server.url()});
  CHECK_THAT(outcome.err, StartsWith("provisrd: app-1: cannot enter /srv\n"));
  CHECK_THAT(outcome.err, ContainsSubstring("provisrd: web: app-1: cannot enter /srv"));
}

TEST_CASE("a name that is unknown does not keep the others from what they are asked") {
  FakeServer server(status_then(200, R"({"names": ["web"]})"));
  const Outcome outcome = provisrd({"start", "wep", "web", "--url", server.url()});
  CHECK(outcome.status == 4);
  CHECK(outcome.out == "web: started\n");
  CHECK(outcome.err == "provisrd: there is no process or base \"wep\"; did you mean \"web\"?\n");
  CHECK(last_line_asked(server) == "POST /api/start?name=web&wait=1m HTTP/1.1");
}

TEST_CASE("a daemon that is lost on the way is one sentence with the name, and status 1") {
  const FakeServer server(std::vector<std::string>{json_response(200, two_of_a_base), ""});
  const Outcome outcome = provisrd({"stop", "app-1", "--url", server.url()});
  CHECK(outcome.status == 1);
  CHECK(is_one_sentence(outcome.err));
  CHECK_THAT(outcome.err, StartsWith("provisrd: app-1: cannot ask http://127.0.0.1:"));
}

TEST_CASE("the token goes with a command, too") {
  const TempDirectory folder;
  const std::string file = folder.write("token", "s3cret").string();
  FakeServer server(status_then(202, R"({"names": ["web"]})"));
  CHECK(
      provisrd({"stop", "web", "--no-wait", "--url", server.url(), "--token-file", file}).status ==
      0);
  const std::string requests = server.stop_and_take_requests();
  CHECK_THAT(requests.substr(requests.find("POST ")),
             ContainsSubstring("\r\nAuthorization: Bearer s3cret\r\n"));
}

TEST_CASE("reload shows what changed, or every fault") {
  FakeServer changed(json_response(200, R"({"added": ["a", "b\u001b"], "removed": []})"));
  const Outcome done = provisrd({"reload", "--url", changed.url()});
  CHECK(done.status == 0);
  CHECK(done.out == "added: a, b\\x1b\n");
  CHECK(last_line_asked(changed) == "POST /api/reload HTTP/1.1");

  const FakeServer same(json_response(200, "{}"));
  CHECK(provisrd({"reload", "--url", same.url()}).out == "nothing changed\n");

  const FakeServer faulty(
      json_response(422, R"({"error": "2 faults", "faults": ["p.toml:1: a", "p.toml:2: b"]})"));
  const Outcome refused = provisrd({"reload", "--url", faulty.url()});
  CHECK(refused.status == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "provisrd: p.toml:1: a\nprovisrd: p.toml:2: b\n");

  const FakeServer read_only(json_response(403, R"({"error": "read-only"})"));
  const Outcome forbidden = provisrd({"reload", "--url", read_only.url()});
  CHECK(forbidden.status == 1);
  CHECK(forbidden.err == "provisrd: read-only\n");
}

TEST_CASE("a command for nothing is a bad command line, and nothing is asked") {
  FakeServer server(json_response(200, two_of_a_base));
  for (const std::string command : {"start", "stop", "restart"}) {
    const Outcome outcome = provisrd({command, "--url", server.url()});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("needs the name of a process or base"));
  }
  CHECK(server.stop_and_take_requests().empty());
}
