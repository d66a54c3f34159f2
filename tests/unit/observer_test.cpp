#include "support/fake_registry.hpp"

#include <provisr/observer.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace provisr;
using provisr::test::FakeMachine;
using provisr::test::known_reading;

namespace {

using Vanished = std::vector<std::pair<std::string, ProcessId>>;

[[nodiscard]] Vanished vanished_of(const TickEvent& tick) {
  Vanished vanished;
  tick.for_each_vanished(
      [&](std::string_view name, ProcessId pid) { vanished.emplace_back(name, pid); });
  return vanished;
}

/// A machine with two processes whose ticks `observer` sees.
struct ObservedMachine {
  explicit ObservedMachine(TickObserver observer)
      : machine(RegistryOptions{.observer = std::move(observer)}) {
    for (const auto& [name, pid] : {std::pair{"a", 7}, std::pair{"b", 8}}) {
      machine.system.start(pid, known_reading());
      REQUIRE_FALSE(machine.registry.track(name, pid));
    }
  }
  FakeMachine machine;
};

}  // namespace

TEST_CASE("an observer is told of each tick what it published", "[observer]") {
  std::vector<std::uint64_t> ticks;
  std::vector<std::size_t> running;
  ObservedMachine observed([&](const TickEvent& tick) {
    ticks.push_back(tick.report.tick);
    running.push_back(tick.report.running);
    CHECK(tick.snapshot.tick() == tick.report.tick);
    CHECK(tick.snapshot.find("a")->running());
  });
  for (int i = 0; i < 3; ++i) observed.machine.tick_after();
  CHECK(ticks == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(running == std::vector<std::size_t>{2, 2, 2});
}

TEST_CASE("an observer is told once of each process that vanished", "[observer]") {
  std::vector<Vanished> told;
  ObservedMachine observed([&](const TickEvent& tick) { told.push_back(vanished_of(tick)); });
  FakeMachine& machine = observed.machine;
  machine.tick_after();
  machine.system.end(8);
  machine.tick_after();
  machine.tick_after();
  machine.system.start(9, known_reading());
  REQUIRE_FALSE(machine.registry.track("b", 9));
  machine.system.end(7);
  machine.system.end(9);
  machine.tick_after();
  CHECK(told == std::vector<Vanished>{{}, {{"b", 8}}, {}, {{"a", 7}, {"b", 9}}});
}

TEST_CASE("a process that was replaced before the tick has not vanished", "[observer]") {
  Vanished told;
  ObservedMachine observed([&](const TickEvent& tick) { told = vanished_of(tick); });
  observed.machine.tick_after();
  observed.machine.system.end(7);
  observed.machine.system.start(9, known_reading());
  REQUIRE_FALSE(observed.machine.registry.track("a", 9));
  observed.machine.tick_after();
  CHECK(told.empty());
}

TEST_CASE("an observer may call the registry, which holds no lock", "[observer]") {
  std::function<void()> use_registry;
  ObservedMachine observed([&](const TickEvent& tick) {
    if (tick.report.tick == 1) use_registry();
  });
  auto& registry = observed.machine.registry;
  use_registry = [&] {
    REQUIRE_FALSE(registry.track("c", 7));
    REQUIRE(registry.untrack("b"));
    CHECK(registry.snapshot().size() == 2);
    CHECK(registry.tick().tick == 2);
  };
  CHECK(observed.machine.tick_after().tick == 1);
}

TEST_CASE("what an observer throws does not get out of a tick", "[observer]") {
  ObservedMachine observed([](const TickEvent&) { throw std::runtime_error("no room"); });
  CHECK(observed.machine.tick_after().running == 2);
  CHECK(observed.machine.tick_after().tick == 2);
}

TEST_CASE("a snapshot that an observer keeps stays as it is", "[observer]") {
  std::vector<Snapshot> kept;
  ObservedMachine observed([&](const TickEvent& tick) { kept.push_back(tick.snapshot); });
  observed.machine.system.end(8);
  for (int i = 0; i < 3; ++i) observed.machine.tick_after();
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].find("b")->vanished_pid() == 8);
  CHECK_FALSE(kept[0].find("a")->vanished_pid());
  CHECK_FALSE(kept[2].find("b")->vanished_pid());
}

TEST_CASE("the report of a tick has the schedule it was called with", "[observer]") {
  TickSchedule seen;
  ObservedMachine observed([&](const TickEvent& tick) { seen = tick.report.schedule; });
  const TickReport report = observed.machine.registry.tick({.lateness = 3ms, .missed = 2});
  CHECK(report.schedule.lateness == 3ms);
  CHECK(seen.lateness == 3ms);
  CHECK(seen.missed == 2);
}
