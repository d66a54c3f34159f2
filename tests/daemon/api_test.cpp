#include "support/daemon_runner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

[[nodiscard]] std::string sleeping(std::string_view name, std::string_view more = "") {
  return fmt::format("[[processes]]\nname = \"{}\"\n{}{}\n", name, child_args({"threader", "2"}),
                     more);
}

/// Configures three instances of my-app, a process whose name only starts alike, and one that ends.
[[nodiscard]] std::string demo_configuration() {
  return "[metrics.process_metrics]\ninterval = \"100ms\"\nmax_history = 5\n" +
         sleeping("my-app", "instances = 3\n") + sleeping("my-app-server-1") +
         "[[processes]]\nname = \"ended\"\n" + child_args({"exiter", "3"});
}

[[nodiscard]] std::string error_of(const HttpResult& result) {
  rapidjson::Document document;
  document.Parse(result.body.c_str());
  REQUIRE(document.IsObject());
  REQUIRE(document.MemberCount() == 1);
  return document["error"].GetString();
}

/// Returns whether `text` is like "2025-01-27T10:30:45Z", with or without a fraction.
[[nodiscard]] bool is_rfc3339_utc(const std::string& text) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fits = [&](char c, char in_shape) {
    return in_shape == 'd' ? is_digit(c) : c == in_shape;
  };
  if (text.size() <= shape.size() || text.back() != 'Z') return false;
  const std::string fraction = text.substr(shape.size(), text.size() - shape.size() - 1);
  return std::equal(shape.begin(), shape.end(), text.begin(),
                    [&](char in_shape, char c) { return fits(c, in_shape); }) &&
         (fraction.empty() || (fraction.size() > 1 && fraction.front() == '.' &&
                               std::all_of(fraction.begin() + 1, fraction.end(), is_digit)));
}

void check_sample(const rapidjson::Value& sample, const std::string& name, pid_t pid) {
  REQUIRE(sample.IsObject());
  CHECK(sample["pid"].GetInt() == pid);
  CHECK(sample["name"].GetString() == name);
  CHECK(sample["cpu_percent"].IsNumber());
  CHECK(sample["memory_rss"].GetUint64() > 0);
  CHECK(sample["memory_vms"].GetUint64() >= sample["memory_rss"].GetUint64());
  CHECK(sample["memory_swap"].IsUint64());
  CHECK(sample["memory_mb"].GetDouble() ==
        static_cast<double>(sample["memory_rss"].GetUint64()) / 1024 / 1024);
  CHECK(is_rfc3339_utc(sample["timestamp"].GetString()));
  CHECK(sample["num_threads"].GetUint() >= 1);
  CHECK(sample["num_fds"].GetUint() >= 3);
}

}  // namespace

TEST_CASE("the JSON API answers what the contract promises") {
  const Daemon daemon(demo_configuration());
  const std::vector<std::string> names{"my-app-1", "my-app-2", "my-app-3", "my-app-server-1"};
  REQUIRE(daemon.has_samples_of(names));

  SECTION("all running processes, by name") {
    REQUIRE(eventually([&] { return daemon.json("/api/metrics").MemberCount() == 4; }));
    const rapidjson::Document all = daemon.json("/api/metrics");
    for (const std::string& name : names) {
      check_sample(all[name.c_str()], name, daemon.pid_of(name));
    }
  }

  SECTION("one process") {
    check_sample(daemon.json("/api/metrics?name=my-app-2"), "my-app-2", daemon.pid_of("my-app-2"));
  }

  SECTION("history, oldest first, no longer than max_history") {
    const std::string path = "/api/metrics/history?name=my-app-1";
    REQUIRE(eventually([&] { return daemon.json(path)["history"].Size() == 5; }));
    const rapidjson::Document history = daemon.json(path);
    CHECK(history["process"].GetString() == std::string("my-app-1"));
    REQUIRE(history["history"].Size() == 5);
    std::string previous;
    for (const auto& sample : history["history"].GetArray()) {
      check_sample(sample, "my-app-1", daemon.pid_of("my-app-1"));
      CHECK(previous < sample["timestamp"].GetString());
      previous = sample["timestamp"].GetString();
    }
  }

  SECTION("a group holds its instances and nothing else") {
    const rapidjson::Document group = daemon.json("/api/metrics/group?base=my-app");
    CHECK(group["base"].GetString() == std::string("my-app"));
    CHECK(group["process_count"].GetInt() == 3);
    CHECK(group["processes"].MemberCount() == 3);
    CHECK_FALSE(group["processes"].HasMember("my-app-server-1"));
    double cpu = 0;
    double memory = 0;
    for (const auto& process : group["processes"].GetObject()) {
      cpu += process.value["cpu_percent"].GetDouble();
      memory += process.value["memory_mb"].GetDouble();
    }
    CHECK(std::abs(group["total_cpu"].GetDouble() - cpu) < 0.001);
    CHECK(std::abs(group["total_memory"].GetDouble() - memory) < 1e-6);
    CHECK(std::abs(group["avg_cpu"].GetDouble() - cpu / 3) < 0.001);
    CHECK(std::abs(group["avg_memory"].GetDouble() - memory / 3) < 1e-6);
  }

  SECTION("status tells of processes that do not run, too") {
    REQUIRE(eventually([&] { return daemon.state_of("ended") == "exited"; }));
    REQUIRE(eventually([&] { return daemon.state_of("my-app-1") == "running"; }));
    const rapidjson::Document ended = daemon.status_of("ended");
    CHECK(ended["last_exit"]["code"].GetInt() == 3);
    CHECK_FALSE(ended.HasMember("pid"));
    const rapidjson::Document running = daemon.status_of("my-app-1");
    CHECK(is_alive(running["pid"].GetInt()));
    CHECK(is_rfc3339_utc(running["started_at"].GetString()));
    CHECK(running["uptime_seconds"].GetDouble() >= 0);
    CHECK(running["restarts"].GetInt() == 0);
  }

  SECTION("the root lists the endpoints") {
    const HttpResult index = daemon.get("/");
    CHECK(index.status == 200);
    CHECK_THAT(index.body, ContainsSubstring("/api/metrics/history?name=NAME"));
  }

  SECTION("answers are not to be cached and say what they are") {
    const HttpResult result = daemon.get("/api/metrics");
    CHECK(result.headers.at("Content-Type") == "application/json");
    CHECK(result.headers.at("Cache-Control") == "no-store");
  }

  SECTION("HEAD is answered without a body") {
    const HttpResult result = http_send(daemon.api_port(), "HEAD", "/api/metrics");
    CHECK(result.status == 200);
    CHECK(result.body.empty());
    CHECK(http_send(daemon.api_port(), "HEAD", "/api/nothing").status == 404);
  }
}

TEST_CASE("the JSON API refuses in one clear sentence") {
  const Daemon daemon(demo_configuration());
  REQUIRE(daemon.has_samples_of({"my-app-1"}));
  const auto refusal = [&](const std::string& path, int status) {
    const HttpResult result = daemon.get(path);
    INFO(path << " -> " << result.body);
    CHECK(result.status == status);
    CHECK(result.headers.at("Content-Type") == "application/json");
    CHECK(result.headers.at("Cache-Control") == "no-store");
    return error_of(result);
  };

  CHECK(refusal("/api/metrics/history", 400) == "the parameter \"name\" is missing");
  CHECK(refusal("/api/metrics/group", 400) == "the parameter \"base\" is missing");
  CHECK(refusal("/api/metrics?name=my-app-1&name=my-app-2", 400) ==
        "the parameter \"name\" is there more than once");
  CHECK_THAT(refusal("/api/metrics?name=", 400), ContainsSubstring("not a process name"));
  CHECK_THAT(refusal("/api/metrics?name=a..b", 400), ContainsSubstring("not a process name"));
  CHECK_THAT(refusal("/api/metrics/history?name=%3Cscript%3E", 400),
             ContainsSubstring("not a process name"));
  CHECK(refusal("/api/metrics?name=nobody", 404) == "there is no process named \"nobody\"");
  CHECK(refusal("/api/metrics/history?name=nobody", 404) == "there is no process named \"nobody\"");
  CHECK(refusal("/api/metrics/group?base=my", 404) == "there is no process of the base \"my\"");
  CHECK(refusal("/api/nothing", 404) == "there is nothing at /api/nothing");
  CHECK(refusal("/metrics", 404) == "there is nothing at /metrics");
  REQUIRE(eventually([&] { return daemon.state_of("ended") == "exited"; }));
  CHECK(eventually([&] { return daemon.get("/api/metrics?name=ended").status == 404; }));
  CHECK(refusal("/api/metrics?name=ended", 404) ==
        "the process \"ended\" is known but not running");

  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    const HttpResult result = http_send(daemon.api_port(), method, "/api/metrics");
    CHECK(result.status == 405);
    CHECK(result.headers.at("Allow") == "GET, HEAD");
    CHECK(error_of(result) == method + " is not allowed here, only GET is");
    CHECK(http_send(daemon.api_port(), method, "/api/nothing").status == 404);
  }
}

TEST_CASE("a base path of one's own is taken literally") {
  const Daemon daemon("[server]\nbase_path = \"/pro.visr/v1\"\n" + demo_configuration());
  CHECK(daemon.get("/pro.visr/v1/metrics").status == 200);
  CHECK(daemon.get("/proxvisr/v1/metrics").status == 404);
  CHECK(daemon.get("/api/metrics").status == 404);
}

TEST_CASE("disabled collection answers 503, and the status still works") {
  const Daemon daemon("[metrics.process_metrics]\nenabled = false\n" + sleeping("app"));
  for (const char* path : {"/api/metrics", "/api/metrics?name=app", "/api/metrics/history?name=app",
                           "/api/metrics/group?base=app"}) {
    const HttpResult result = daemon.get(path);
    CHECK(result.status == 503);
    CHECK_THAT(error_of(result), ContainsSubstring("collection is disabled"));
  }
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
}
