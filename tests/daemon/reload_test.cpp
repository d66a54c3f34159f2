// A reload of the real daemon, by signal and over HTTP.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/raw_client.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <signal.h>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace provisr;
using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A provisrd whose configuration can be changed.
class Reloadable {
 public:
  explicit Reloadable(const std::string& processes) {
    write(processes);
    program_.emplace(std::vector<std::string>{provisrd_path(), file().string()}, folder_.path());
    REQUIRE(eventually([&] { return http_get(port, "/api/status").status == 200; }));
  }

  void write(const std::string& processes, std::string_view server = "",
             std::string_view collection = "") const {
    folder_.write("new.toml", fmt::format("[server]\nlisten = \"{}:{}\"\n{}\n"
                                          "[server.auth]\ntoken_file = \"{}\"\n"
                                          "[metrics]\nlisten = \"127.0.0.1:{}\"\n"
                                          "[metrics.process_metrics]\n{}\n{}",
                                          host, port, server, token_.path(), metrics_port,
                                          collection, processes));
    std::filesystem::rename(folder_.path() / "new.toml", file());  // replaced atomically
  }
  [[nodiscard]] HttpResult reload() const {
    return http_send(port, "POST", "/api/reload", TokenFile::credentials);
  }
  [[nodiscard]] rapidjson::Document status_of(const std::string& name) const {
    rapidjson::Document document;
    document.Parse(http_get(port, "/api/status?name=" + name).body.c_str());
    rapidjson::Document status;
    if (document.HasMember("processes") && !document["processes"].Empty()) {
      status.CopyFrom(document["processes"][0], status.GetAllocator());
    }
    return status;
  }
  [[nodiscard]] int pid_of(const std::string& name) const {
    const rapidjson::Document status = status_of(name);
    return status.IsObject() && status.HasMember("pid") ? status["pid"].GetInt() : 0;
  }
  [[nodiscard]] Program& program() { return *program_; }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "provisr.toml"; }

  std::string host = "127.0.0.1";  ///< of the API
  int port = free_port();
  int metrics_port = free_port();

 private:
  TempDirectory folder_;
  TokenFile token_;
  std::optional<Program> program_;
};

std::string reloaded_process(std::string_view name, std::string_view more = "") {
  return process_toml(name, {"threader", "1"}, fmt::format("start_duration = \"0s\"\n{}", more));
}

}  // namespace

TEST_CASE("SIGHUP reads the configuration again; only what differs changes") {
  Reloadable daemon(reloaded_process("kept") + reloaded_process("removed") +
                    reloaded_process("changed"));
  REQUIRE(eventually([&] { return daemon.pid_of("changed") != 0; }));
  const int kept = daemon.pid_of("kept");
  const int removed = daemon.pid_of("removed");
  const int changed = daemon.pid_of("changed");
  daemon.write(reloaded_process("kept") + reloaded_process("changed", "env = [\"A=1\"]") +
               reloaded_process("added"));
  daemon.program().signal(SIGHUP);

  CHECK(eventually([&] { return daemon.pid_of("added") != 0; }));
  CHECK(eventually([&] { return !is_alive(removed) && !is_alive(changed); }));
  CHECK(eventually([&] {  // shows the ended process until its end is handled
    const rapidjson::Document status = daemon.status_of("changed");
    return status.IsObject() && status.HasMember("pid") && status["pid"].GetInt() != changed &&
           status["restarts"].GetInt() == 1;
  }));
  CHECK(daemon.pid_of("kept") == kept);
  CHECK(
      eventually([&] { return http_get(daemon.port, "/api/status?name=removed").status == 404; }));
  CHECK_THAT(http_get(daemon.port, "/api/exits?name=changed").body,
             ContainsSubstring(R"("reason":"reload")"));
  CHECK(http_get(daemon.port, "/api/metrics/history?name=removed").status == 200);
  CHECK_THAT(http_get(daemon.metrics_port, "/metrics").body,
             !ContainsSubstring(R"(provisr_process_up{name="removed"})"));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
}

TEST_CASE("a reload over HTTP tells what changed, by the token only") {
  Reloadable daemon(reloaded_process("app", "instances = 2"));
  REQUIRE(eventually([&] { return daemon.pid_of("app-2") != 0; }));
  CHECK(
      daemon.reload().body ==
      R"({"started":[],"stopped":[],"restarted":[],"changed":[],"settings":[],"at_next_start":[]})");
  daemon.write(reloaded_process("app", "instances = 3"), "",
               "max_history = 7\ninterval = \"100ms\"");
  CHECK(http_send(daemon.port, "POST", "/api/reload").status == 401);
  CHECK(http_get(daemon.port, "/api/reload").status == 405);
  const HttpResult result = daemon.reload();
  CHECK(result.status == 200);
  CHECK(result.body ==
        R"({"started":["app-3"],"stopped":[],"restarted":[],"changed":[],)"
        R"("settings":["metrics"],"at_next_start":["metrics.process_metrics.max_history"]})");
  CHECK(eventually([&] {  // at the new interval
    return http_get(daemon.port, "/api/metrics?name=app-3").status == 200;
  }));
}

TEST_CASE("a configuration with faults changes nothing and tells each") {
  Reloadable daemon(reloaded_process("app"));
  REQUIRE(eventually([&] { return daemon.pid_of("app") != 0; }));
  const int pid = daemon.pid_of("app");
  daemon.write("[[processes]]\nname = \"other\"\ncommand = \"true\"\nodd = 1\neven = 2\n");
  const HttpResult result = daemon.reload();
  CHECK(result.status == 422);
  CHECK_THAT(result.body, ContainsSubstring("nothing has changed: 2 faults"));
  CHECK_THAT(result.body, ContainsSubstring("processes[0].odd"));
  CHECK_THAT(result.body, ContainsSubstring("processes[0].even"));
  CHECK(daemon.pid_of("app") == pid);
  CHECK(http_get(daemon.port, "/api/status?name=other").status == 404);
  std::filesystem::remove(daemon.file());
  CHECK(daemon.reload().status == 422);
  CHECK(daemon.pid_of("app") == pid);
  CHECK(daemon.program().comes_to_log("not reloaded: "));
}

TEST_CASE("a file that names no process any more is refused while some are supervised") {
  Reloadable daemon(reloaded_process("app"));
  REQUIRE(eventually([&] { return daemon.pid_of("app") != 0; }));
  const int pid = daemon.pid_of("app");
  const auto empty = GENERATE("", "# being written\n", "[metrics]\nenabled = true\n");
  write_text(daemon.file(), empty);
  const HttpResult result = daemon.reload();
  CHECK(result.status == 422);
  CHECK_THAT(result.body, ContainsSubstring("names no process, while some are supervised"));
  CHECK(daemon.pid_of("app") == pid);

  daemon.program().signal(SIGHUP);
  CHECK(eventually([&] {
    const std::string log = daemon.program().err();
    const std::string_view refusal = "not reloaded: the configuration names no process";
    const std::size_t first = log.find(refusal);
    return first != std::string::npos && log.find(refusal, first + 1) != std::string::npos;
  }));
  CHECK(is_alive(pid));
  daemon.write(reloaded_process("other"));
  CHECK(daemon.reload().status == 200);
  CHECK(eventually([&] { return !is_alive(pid); }));
}

TEST_CASE("a provisrd that supervises nothing takes a file without processes") {
  Reloadable daemon("");
  CHECK(daemon.reload().status == 200);
  daemon.write(reloaded_process("app"));
  CHECK(daemon.reload().status == 200);
  CHECK(eventually([&] { return daemon.pid_of("app") != 0; }));
}

TEST_CASE("listeners move, or serve by other rules at the same address") {
  Reloadable daemon(reloaded_process("app"));
  REQUIRE(eventually([&] { return daemon.pid_of("app") != 0; }));
  const int pid = daemon.pid_of("app");

  daemon.write(reloaded_process("app"), "base_path = \"/v2\"");
  CHECK(daemon.reload().status == 200);
  CHECK(eventually([&] { return http_get(daemon.port, "/v2/status").status == 200; }));
  CHECK(eventually([&] { return http_get(daemon.port, "/api/status").status == 404; }));

  const int before = daemon.port;
  const int taken = daemon.metrics_port;
  daemon.host = "";     // all addresses, among them one
  daemon.port = taken;  // in use by another listener of the same process
  daemon.metrics_port = free_port();
  daemon.write(reloaded_process("app"));
  const HttpResult refused = http_send(before, "POST", "/v2/reload", TokenFile::credentials);
  CHECK(refused.status == 422);
  CHECK_THAT(refused.body,
             ContainsSubstring(fmt::format("; provisrd itself listens on 127.0.0.1:{}", taken)));
  CHECK(http_get(before, "/v2/status").status == 200);

  daemon.host = "127.0.0.1";
  daemon.port = free_port();
  daemon.metrics_port = taken;
  daemon.write(reloaded_process("app"));
  CHECK(http_send(before, "POST", "/v2/reload", TokenFile::credentials).status == 200);
  CHECK(eventually([&] { return http_get(daemon.port, "/api/status").status == 200; }));
  CHECK(http_get(taken, "/metrics").status == 200);
  CHECK(eventually([&] {
    try {
      return http_get(before, "/v2/status").status == 0;
    } catch (const std::exception&) {
      return true;
    }
  }));
  CHECK(daemon.pid_of("app") == pid);
}

TEST_CASE("who waits for a command when the listeners change is answered once it is done") {
  const std::string stubborn = process_toml("app", {"stubborn"}, "stop_timeout = \"3s\"\n");
  Reloadable daemon(stubborn);
  REQUIRE(eventually([&] { return daemon.program().out().find("ready") != std::string::npos; }));
  RawClient waiting(daemon.port);
  waiting.send(
      "POST /api/stop?name=app&wait=60s HTTP/1.1\r\nHost: localhost\r\n"
      "Authorization: Bearer " +
      TokenFile::token + "\r\n\r\n");
  REQUIRE(eventually([&] {
    const rapidjson::Document status = daemon.status_of("app");
    return status.IsObject() && status["state"] == "stopping";
  }));
  daemon.write(stubborn, "max_connections = 100");
  CHECK(daemon.reload().status == 200);
  const std::string answer = waiting.read_answer();
  INFO(answer);
  CHECK(status_of_answer(answer) == 200);
}

TEST_CASE("the status tells where the daemon listens, and not where it could not") {
  Reloadable daemon(reloaded_process("app"));
  const int before = daemon.port;
  const std::string words = fmt::format("\"api\":\"127.0.0.1:{}\"", before);
  daemon.host = "";
  daemon.port = std::exchange(daemon.metrics_port, free_port());  // taken
  daemon.write(reloaded_process("app"));
  CHECK(http_send(before, "POST", "/api/reload", TokenFile::credentials).status == 422);
  CHECK_THAT(http_get(before, "/api/status").body, ContainsSubstring(words));
}

TEST_CASE("the listeners can swap their addresses, and nobody is refused meanwhile") {
  Reloadable daemon(reloaded_process("app"));
  std::atomic<bool> is_over = false;
  std::atomic<int> refused = 0;
  std::thread client([&, ports = std::array{daemon.port, daemon.metrics_port}] {
    while (!is_over) {
      for (const int port : ports) {
        if (http_get(port, "/healthz").status == 0) ++refused;
      }
    }
  });
  for (int i = 0; i < 10; ++i) {
    std::swap(daemon.port, daemon.metrics_port);
    daemon.write(reloaded_process("app"));
    const HttpResult result =
        http_send(daemon.metrics_port, "POST", "/api/reload", TokenFile::credentials);
    INFO(result.body);
    CHECK(result.status == 200);
    CHECK(eventually([&] { return http_get(daemon.port, "/api/status").status == 200; }));
    CHECK(eventually([&] { return http_get(daemon.metrics_port, "/metrics").status == 200; }));
  }
  is_over = true;
  client.join();
  CHECK(refused == 0);
}

TEST_CASE("a listener can move back at once") {
  Reloadable daemon(reloaded_process("app"));
  const int first = daemon.port;
  const int second = free_port();
  for (int i = 0; i < 10; ++i) {
    const int before = daemon.port;
    daemon.port = before == first ? second : first;
    daemon.write(reloaded_process("app"));
    const HttpResult result = http_send(before, "POST", "/api/reload", TokenFile::credentials);
    INFO(result.body);
    CHECK(result.status == 200);
    CHECK(eventually([&] { return http_get(daemon.port, "/healthz").status == 200; }));
  }
}

TEST_CASE("reloads under way beside each other are all answered") {
  Reloadable daemon(reloaded_process("app"));
  REQUIRE(eventually([&] { return daemon.pid_of("app") != 0; }));
  for (int i = 0; i < 100; ++i) {
    daemon.write(reloaded_process("app", i % 2 == 0 ? "env = [\"A=1\"]" : ""),
                 i % 3 == 0 ? "base_path = \"/api\"\nmax_connections = 100" : "");
    if (i % 5 == 0) daemon.program().signal(SIGHUP);
    const HttpResult result = daemon.reload();
    INFO(result.body);
    CHECK(result.status == 200);
  }
  CHECK(eventually([&] { return daemon.pid_of("app") != 0; }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
}

TEST_CASE("without a file SIGHUP ends provisrd") {
  TempDirectory folder;
  Program program({provisrd_path(), "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
                   "run", "sleep", "1000"},
                  folder.path());
  REQUIRE(program.comes_to_log("started, pid"));
  program.signal(SIGHUP);
  CHECK(program.wait() == 0);
}
