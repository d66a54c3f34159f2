#include "daemon/api/control.hpp"

#include "daemon/supervisor/command_desk.hpp"
#include "support/fake_supervision.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// An answer that may come later.
struct Exchange {
  std::optional<HttpAnswer> answer;  ///< empty: still deferred
  std::chrono::milliseconds time_limit{};
  std::string late_text;

  [[nodiscard]] int status() const { return answer ? answer->status : 0; }
  [[nodiscard]] std::string body() const { return answer ? *answer->body : ""; }
};

/// The control routes and a supervisor of fake children.
struct ControlWorld : FakeSupervision {
  explicit ControlWorld(std::vector<ProcessConfig> processes)
      : FakeSupervision(std::move(processes)) {
    control.add_routes(router, "/api");
    start();
  }

  /// Sends a request that the supervisor does not see before update().
  Exchange& post(std::string path, const Parameters& parameters) {
    HttpRequest request;
    request.method = "POST";
    request.path = std::move(path);
    for (const auto& [name, value] : parameters) request.query.add(name, value);
    const auto shared = exchanges.emplace_back(std::make_shared<Exchange>());
    Exchange& exchange = *shared;
    const HttpAnswer answer = router.answer(request);
    if (!answer.deferral.begin) {
      exchange.answer = answer;
      return exchange;
    }
    exchange.time_limit = answer.deferral.time_limit;
    exchange.late_text = answer.deferral.late_text;
    answer.deferral.begin([shared](HttpAnswer complete) {
      if (!shared->answer) shared->answer = std::move(complete);
    });
    return exchange;
  }

  Exchange& ask(std::string path, const Parameters& parameters) {
    Exchange& exchange = post(std::move(path), parameters);
    update();
    return exchange;
  }

  Control control{[this](Command command, ReplyHandler reply) {
    supervisor().submit(std::move(command), std::move(reply));
  }};
  Router router;
  std::vector<std::shared_ptr<Exchange>> exchanges;
};

}  // namespace

TEST_CASE("a command is answered with 202 and the names once it is accepted") {
  ProcessConfig instances = restarting();
  instances.instances = 2;
  ControlWorld world({instances});
  world.children.pattern.heeds_terminate = false;
  const Exchange& stop = world.post("/api/stop", {{"base", "app"}});
  CHECK_FALSE(stop.answer);
  CHECK(stop.time_limit == 10s);
  world.update();
  CHECK(stop.status() == 202);
  CHECK(stop.body() == R"({"names":["app-1","app-2"]})");
}

TEST_CASE("a client that waits is answered once the command is done") {
  ControlWorld world({restarting()});
  world.children.latest().heeds_terminate = false;
  const Exchange& stop = world.ask("/api/stop", {{"name", "app"}, {"wait", "1m30s"}});
  CHECK_FALSE(stop.answer);
  CHECK(stop.time_limit == 90s);
  CHECK(stop.late_text == "not done within 90s; the command stands");
  world.children.latest().end({});
  world.update();
  CHECK(stop.status() == 200);
  CHECK(stop.body() == R"({"names":["app"]})");
  CHECK(world.ask("/api/start", {{"name", "app"}, {"wait", "10m"}}).status() == 200);
  CHECK(world.ask("/api/restart", {{"name", "app"}, {"wait", "1ms"}}).status() == 0);
  CHECK(world.ask("/api/restart", {{"name", "app"}, {"wait", "0s"}}).status() == 202);
}

TEST_CASE("a client that waits hears why a process did not get there") {
  ControlWorld world({restarting()});
  world.ask("/api/stop", {{"name", "app"}});
  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  const Exchange& start = world.ask("/api/start", {{"name", "app"}, {"wait", "5s"}});
  CHECK(start.status() == 500);
  CHECK(start.body() == R"({"error":"app: cannot execute program: Permission denied"})");
}

TEST_CASE("commands that nobody can obey are refused, waited for or not") {
  ControlWorld world({restarting(), foreign_config()});
  Parameters wait = GENERATE(Parameters{}, Parameters{{"wait", "1s"}});
  const auto status = [&](std::string parameter, std::string value) {
    Parameters parameters = wait;
    parameters.emplace_back(std::move(parameter), std::move(value));
    return world.ask("/api/restart", parameters).status();
  };
  CHECK(status("name", "other") == 404);
  CHECK(status("base", "ap") == 404);
  CHECK(status("name", "nginx") == 409);
  world.supervisor().request_stop();
  CHECK(status("name", "app") == 503);
}

TEST_CASE("a parameter that is wrong is named") {
  ControlWorld world({restarting()});
  using Case = std::pair<Parameters, std::string>;
  const auto [parameters, words] = GENERATE(
      Case{{}, "one of the parameters \\\"name\\\" and \\\"base\\\" is required"},
      Case{{{"name", "app"}, {"base", "app"}}, "\\\"name\\\" and \\\"base\\\" exclude each other"},
      Case{{{"name", ""}}, "the parameter \\\"name\\\" is not a process name"},
      Case{{{"base", "a b"}}, "the parameter \\\"base\\\" is not a process name"},
      Case{{{"name", "app"}, {"wait", ""}}, "the parameter \\\"wait\\\": \\\"\\\" is not a"},
      Case{{{"name", "app"}, {"wait", "10"}}, "the parameter \\\"wait\\\": \\\"10\\\" has no unit"},
      Case{{{"name", "app"}, {"wait", "-1s"}}, "the parameter \\\"wait\\\": "},
      Case{{{"name", "app"}, {"wait", "601s"}}, "\\\"wait\\\" must be at most 10m, is 601s"});
  const Exchange& exchange = world.ask("/api/stop", parameters);
  CHECK(exchange.status() == 400);
  CHECK_THAT(exchange.body(), ContainsSubstring(words));
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("nothing is started or stopped by another method than POST") {
  ControlWorld world({restarting()});
  for (const char* const method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post"}) {
    HttpRequest request;
    request.method = method;
    request.path = "/api/stop";
    request.query.add("name", "app");
    const HttpAnswer answer = world.router.answer(request);
    CHECK(answer.status == 405);
    CHECK_FALSE(answer.deferral.begin);
    REQUIRE(answer.headers.size() == 1);
    CHECK(answer.headers.front() == std::pair<std::string, std::string>("Allow", "POST"));
  }
  world.update();
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("commands that wait for the supervisor are bounded") {
  ControlWorld world({restarting()});
  for (std::size_t i = 0; i < CommandDesk::capacity; ++i) {
    world.post("/api/start", {{"name", "app"}});
  }
  CHECK(world.post("/api/start", {{"name", "app"}}).status() == 503);
  world.update();
  CHECK(world.exchanges.front()->status() == 202);
  CHECK(world.ask("/api/start", {{"name", "app"}}).status() == 202);
}

TEST_CASE("commands that wait for processes are bounded") {
  ControlWorld world({restarting()});
  world.children.latest().heeds_terminate = false;
  for (std::size_t i = 0; i < CommandDesk::capacity; ++i) {
    REQUIRE(world.ask("/api/stop", {{"name", "app"}}).status() == 202);
  }
  const Exchange& beyond = world.ask("/api/stop", {{"name", "app"}});
  CHECK(beyond.status() == 503);
  CHECK(beyond.body() == R"({"error":"too many commands wait; try again later"})");
  world.children.latest().end({});
  world.update();
  CHECK(world.ask("/api/start", {{"name", "app"}, {"wait", "1s"}}).status() == 200);
}
