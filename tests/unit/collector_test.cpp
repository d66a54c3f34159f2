#include "support/eventually.hpp"
#include "support/fake_registry.hpp"

#include <provisr/collector.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using provisr::Collector;
using provisr::test::eventually;
using SteadyClock = std::chrono::steady_clock;

TEST_CASE("a collector ticks again and again", "[collector]") {
  std::atomic<int> ticks = 0;
  const Collector collector(std::function<void()>([&] { ++ticks; }), 1ms);
  CHECK(collector.interval() == 1ms);
  CHECK(eventually([&] { return ticks >= 20; }));
}

TEST_CASE("a collector ticks a registry", "[collector]") {
  provisr::test::FakeMachine machine;
  const Collector collector(machine.registry, 1ms);
  CHECK(eventually([&] { return machine.registry.snapshot().tick() >= 5; }));
}

TEST_CASE("a collector tells how late a tick is and how many rounds were skipped", "[collector]") {
  constexpr auto interval = 10ms;
  std::mutex mutex;
  std::vector<provisr::TickSchedule> schedules;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return schedules.size();
  };
  Collector collector(Collector::Tick([&](const provisr::TickSchedule& schedule) {
                        const bool is_first = count() == 0;
                        {
                          const std::lock_guard lock(mutex);
                          schedules.push_back(schedule);
                        }
                        if (is_first) std::this_thread::sleep_for(5 * interval);
                      }),
                      interval);
  REQUIRE(eventually([&] { return count() >= 2; }));
  collector.stop();
  CHECK(schedules[1].missed >= 4);
  for (const provisr::TickSchedule& schedule : schedules) CHECK(schedule.lateness >= 0ns);
}

TEST_CASE("a collector with a long interval ticks soon for the first time", "[collector]") {
  std::atomic<int> ticks = 0;
  const auto begun = SteadyClock::now();
  const Collector collector(std::function<void()>([&] { ++ticks; }), 10h);
  CHECK(eventually([&] { return ticks > 0; }));
  CHECK(SteadyClock::now() - begun >= 250ms);
  CHECK(ticks == 1);
}

TEST_CASE("a collector takes another interval at once and goes on", "[collector]") {
  std::atomic<int> ticks = 0;
  Collector collector(std::function<void()>([&] { ++ticks; }), 10h);
  REQUIRE(eventually([&] { return ticks == 1; }));  // the next one is hours away

  collector.set_interval(20ms);
  CHECK(collector.interval() == 20ms);
  CHECK(eventually([&] { return ticks >= 4; }));

  collector.set_interval(10h);
  CHECK(collector.interval() == 10h);
}

TEST_CASE("a collector whose tick changes the interval ticks at the new one", "[collector]") {
  std::atomic<int> ticks = 0;
  std::atomic<Collector*> self = nullptr;
  Collector collector(std::function<void()>([&] {
                        while (self == nullptr) std::this_thread::yield();
                        if (++ticks == 1) self.load()->set_interval(1ms);
                      }),
                      10h);
  self = &collector;
  CHECK(eventually([&] { return ticks >= 5; }));
  collector.stop();
}

TEST_CASE("a collector does not tick before the first interval", "[collector]") {
  std::atomic<bool> has_ticked = false;
  SteadyClock::time_point first;
  const auto begun = SteadyClock::now();
  Collector collector(std::function<void()>([&] {
                        if (!has_ticked) first = SteadyClock::now();
                        has_ticked = true;
                      }),
                      50ms);
  REQUIRE(eventually([&] { return has_ticked.load(); }));
  collector.stop();
  CHECK(first - begun >= 50ms);
}

TEST_CASE("nothing ticks after stop", "[collector]") {
  std::atomic<int> ticks = 0;
  Collector collector(std::function<void()>([&] { ++ticks; }), 1ms);
  REQUIRE(eventually([&] { return ticks > 0; }));
  collector.stop();
  const int at_stop = ticks;
  std::this_thread::sleep_for(20ms);  // a tick that comes too late would come now
  CHECK(ticks == at_stop);
  collector.stop();
  CHECK(ticks == at_stop);
}

TEST_CASE("stop does not wait for the interval", "[collector]") {
  Collector collector(std::function<void()>([] {}), 10h);
  const auto begun = SteadyClock::now();
  collector.stop();
  CHECK(SteadyClock::now() - begun < 20s);
}

TEST_CASE("stop waits for the tick that is under way", "[collector]") {
  std::atomic<bool> is_in_tick = false;
  std::atomic<bool> is_stopping = false;
  std::atomic<bool> has_ended = false;
  Collector collector(std::function<void()>([&] {
                        is_in_tick = true;
                        while (!is_stopping) std::this_thread::yield();
                        std::this_thread::sleep_for(20ms);  // a stop that does not wait returns now
                        has_ended = true;
                      }),
                      1ms);
  REQUIRE(eventually([&] { return is_in_tick.load(); }));
  is_stopping = true;
  collector.stop();
  CHECK(has_ended);
}

TEST_CASE("the destructor stops a collector", "[collector]") {
  std::atomic<int> ticks = 0;
  {
    const Collector collector(std::function<void()>([&] { ++ticks; }), 1ms);
    REQUIRE(eventually([&] { return ticks > 0; }));
  }
  const int at_end = ticks;
  std::this_thread::sleep_for(20ms);  // a tick that comes too late would come now
  CHECK(ticks == at_end);
}

TEST_CASE("several threads may stop a collector at once", "[collector]") {
  for (int round = 0; round < 20; ++round) {
    Collector collector(std::function<void()>([] {}), 1ms);
    std::vector<std::thread> stoppers;
    for (int i = 0; i < 4; ++i) stoppers.emplace_back([&] { collector.stop(); });
    for (std::thread& stopper : stoppers) stopper.join();
  }
  SUCCEED("all have returned");
}

TEST_CASE("a collector may have any interval", "[collector]") {
  const auto interval =
      GENERATE(std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max() - 1s,
               std::chrono::nanoseconds(24h * 365 * 290));
  std::atomic<int> ticks = 0;
  Collector collector(std::function<void()>([&] { ++ticks; }), interval);
  REQUIRE(eventually([&] { return ticks > 0; }));
  std::this_thread::sleep_for(20ms);  // time for thousands of ticks that should not be
  collector.stop();
  CHECK(ticks == 1);
}
