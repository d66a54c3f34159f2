#include "daemon/api/tick_watch.hpp"

#include "support/log_capture.hpp"

#include <provisr/observer.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using provisr::TickReport;
using provisr::daemon::TickWatch;

namespace {

struct WatchedTicks {
  void tick(std::chrono::nanoseconds lateness, std::uint64_t missed = 0) {
    watch.on_tick(
        {.tick = ++ticks, .duration = 12ms, .schedule = {.lateness = lateness, .missed = missed}});
  }

  provisr::test::LogCapture capture;
  TickWatch watch{1s, capture.log()};
  std::uint64_t ticks = 0;
};

}  // namespace

TEST_CASE("ticks on time are not late", "[tick_watch]") {
  WatchedTicks ticks;
  ticks.tick(0ns);
  ticks.tick(500ms);
  CHECK(ticks.watch.late() == 0);
  CHECK(ticks.watch.last_duration() == 12ms);
  CHECK(ticks.capture.text().empty());
}

TEST_CASE("each late tick is counted, the first of an episode is logged", "[tick_watch]") {
  WatchedTicks ticks;
  ticks.tick(1500ms);
  ticks.tick(501ms);
  ticks.tick(0ns, 1);
  CHECK(ticks.watch.late() == 3);
  CHECK(ticks.capture.count("WARN") == 1);
  CHECK(ticks.capture.count("tick 1 began 1.500 s late") == 1);
  ticks.tick(0ns);
  ticks.tick(2ms, 3);
  CHECK(ticks.watch.late() == 4);
  CHECK(ticks.capture.count("tick 5 began 0.002 s late, 3 skipped before it") == 1);
}
