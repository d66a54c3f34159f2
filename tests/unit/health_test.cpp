#include "daemon/api/health.hpp"

#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <optional>
#include <string>

using namespace provisr;
using namespace provisr::daemon;
using namespace std::chrono_literals;

namespace {

[[nodiscard]] HttpAnswer ask_health(const Router& router) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/healthz";
  return router.answer(request);
}

struct HealthWorld {
  explicit HealthWorld(std::chrono::nanoseconds interval) : ticks(interval, log.log(), clock) {
    add_health_route(router, &ticks);
  }

  [[nodiscard]] int status() const { return ask_health(router).status; }
  void tick() { ticks.on_tick({.tick = 1, .duration = 1ms, .schedule = {}}); }

  test::LogCapture log;
  test::ManualClock clock;
  TickWatch ticks;
  Router router;
};

}  // namespace

TEST_CASE("the daemon is healthy while its ticks come on time") {
  HealthWorld world(10s);
  CHECK(world.status() == 200);
  for (int i = 0; i < 3; ++i) {
    world.clock.advance(10s);
    world.tick();
    CHECK(*ask_health(world.router).body == "ok\n");
  }
  world.clock.advance(15s);
  CHECK(world.status() == 200);
}

TEST_CASE("a collector that hangs is told of, until its tick is over") {
  HealthWorld world(10s);
  world.tick();
  world.clock.advance(15s + 1ms);
  const HttpAnswer late = ask_health(world.router);
  CHECK(late.status == 503);
  CHECK(*late.body ==
        R"({"error":"the collector has not finished a tick for 15.0s; one is due every 10.0s"})");
  world.tick();
  CHECK(world.status() == 200);
}

TEST_CASE("a collector that never begins is told of") {
  HealthWorld world(1h);
  world.clock.advance(91min);
  CHECK(world.status() == 503);
}

TEST_CASE("short intervals leave a second for the machine to be busy") {
  HealthWorld world(10ms);
  world.tick();
  world.clock.advance(1010ms);
  CHECK(world.status() == 200);
  world.clock.advance(1ms);
  CHECK(world.status() == 503);
}

TEST_CASE("without collection there is nothing to be late") {
  Router router;
  add_health_route(router, nullptr);
  CHECK(ask_health(router).status == 200);
  CHECK(router.routes().front().access == Access::open);
}

TEST_CASE("a disk that does not answer is told of once it lasts, and is no failure") {
  Router router;
  std::optional<std::chrono::nanoseconds> silence;
  add_health_route(router, nullptr, [&silence] { return silence; });
  CHECK(*ask_health(router).body == "ok\n");
  silence = 1s;
  CHECK(*ask_health(router).body == "ok\n");
  silence = 12s;
  const HttpAnswer answer = ask_health(router);
  CHECK(answer.status == 200);
  CHECK(*answer.body ==
        "ok\nthe disk of state_dir has not answered for 12.0s: what is to outlive provisrd is not "
        "written\n");
}
