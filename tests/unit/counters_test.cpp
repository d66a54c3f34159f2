#include "support/fake_registry.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

using namespace provisr;
using namespace std::chrono_literals;
using Catch::Matchers::WithinAbs;
using provisr::test::FakeMachine;

namespace {

constexpr ProcessId pid = 7;

void start(FakeMachine& machine, std::string_view name = "my-app") {
  machine.system.start(pid, test::known_reading());
  REQUIRE_FALSE(machine.registry.track(name, pid));
  machine.tick_after();
}

/// Returns the counter as a scraper reads it, in seconds.
template <class Source>
[[nodiscard]] double cpu_seconds_in(const Source& source) {
  std::string text;
  PrometheusWriter writer(text);
  write_process_families(writer, source);
  const std::string line = "\nprovisr_process_cpu_seconds_total{name=\"my-app\"} ";
  const std::size_t at = text.find(line);
  REQUIRE(at != std::string::npos);
  return std::strtod(text.c_str() + at + line.size(), nullptr);
}

[[nodiscard]] Figure<std::uint64_t> fresh_cpu_time(const FakeMachine& machine,
                                                   std::size_t index = 0) {
  return machine.registry.read_counters().sample(index).metrics.cpu_time_ns;
}

struct Rates {
  std::vector<double> at_scrape;
  std::vector<double> at_tick;
};

/// Returns the rates that rate() computes from neighbouring scrapes of a process that uses 30 % of
/// a core, with a tick every 10 s and a scrape every 15 s.
[[nodiscard]] Rates rates_of_a_steady_process(std::chrono::milliseconds phase) {
  FakeMachine machine;
  start(machine);
  Rates rates;
  double fresh = 0;
  double of_tick = 0;
  constexpr auto step = 100ms;
  for (auto time = step; time <= 300s; time += step) {
    machine.clock.advance(step);
    machine.use_cpu(pid, 30ms);
    if (time % 10s == 0ms) machine.registry.tick();
    if ((time + phase) % 15s != 0ms) continue;
    const double new_fresh = cpu_seconds_in(machine.registry.read_counters());
    const double new_of_tick = cpu_seconds_in(machine.registry.snapshot());
    if (fresh != 0) {
      rates.at_scrape.push_back((new_fresh - fresh) / 15 * 100);
      rates.at_tick.push_back((new_of_tick - of_tick) / 15 * 100);
    }
    fresh = new_fresh;
    of_tick = new_of_tick;
  }
  return rates;
}

}  // namespace

TEST_CASE("a steady 30 % is 30 % by the rate of what is read at the scrape", "[counters]") {
  for (const auto phase : {0ms, 3'300ms, 7'500ms, 14'900ms}) {
    CAPTURE(phase.count());
    const Rates rates = rates_of_a_steady_process(phase);
    REQUIRE(rates.at_scrape.size() >= 15);
    for (const double rate : rates.at_scrape) CHECK_THAT(rate, WithinAbs(30, 1));
    // For comparison: counters that are read only at ticks give these rates.
    CHECK(*std::max_element(rates.at_tick.begin(), rates.at_tick.end()) > 35);
    CHECK(*std::min_element(rates.at_tick.begin(), rates.at_tick.end()) < 25);
  }
}

TEST_CASE("levels stay those of the tick when counters are read", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.system.change(pid, [](ProcessReading& reading) {
    reading.cpu_time_ns = 9'000'000'000U;
    reading.memory_rss_bytes = 1U;
    reading.num_fds = 1U;
  });
  std::string text;
  PrometheusWriter writer(text);
  write_process_families(writer, machine.registry.read_counters());
  CHECK(text.find("cpu_seconds_total{name=\"my-app\"} 9\n") != std::string::npos);
  CHECK(text.find("resident_memory_bytes{name=\"my-app\"} 134217728\n") != std::string::npos);
  CHECK(text.find("num_fds{name=\"my-app\"} 15\n") != std::string::npos);
}

TEST_CASE("a counter never goes back", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.system.change(pid, [](ProcessReading& reading) { reading.cpu_time_ns = 1U; });
  CHECK(fresh_cpu_time(machine) == test::known_reading().cpu_time_ns);
  machine.system.change(pid, [](ProcessReading& reading) { reading.cpu_time_ns = {}; });
  CHECK(fresh_cpu_time(machine) == test::known_reading().cpu_time_ns);
}

TEST_CASE("a counter does not go back behind what a scrape has shown", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.use_cpu(pid, 3s);
  const Figure<std::uint64_t> shown(8'000'000'000U);
  REQUIRE(fresh_cpu_time(machine) == shown);
  SECTION("if the process ends") {
    machine.system.end(pid);
  }
  SECTION("if it cannot be read") {
    machine.system.change(pid, [](ProcessReading& reading) { reading.clear(); });
  }
  CHECK(fresh_cpu_time(machine) == shown);
}

TEST_CASE("the next process has counters of its own from its first tick on", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.use_cpu(pid, 3s);
  REQUIRE(fresh_cpu_time(machine).has_value());
  ProcessReading next = test::known_reading();
  next.cpu_time_ns = 1U;
  machine.system.start(pid, next);
  REQUIRE_FALSE(machine.registry.track("my-app", pid));
  machine.tick_after();
  CHECK(fresh_cpu_time(machine) == next.cpu_time_ns);
}

TEST_CASE("a process that has ended keeps its counter until the tick", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.system.end(pid);
  CHECK(fresh_cpu_time(machine) == test::known_reading().cpu_time_ns);
  machine.tick_after();
  CHECK_FALSE(machine.registry.read_counters().snapshot().find("my-app")->running());
}

TEST_CASE("between its start and the first tick, a process has counters of its own", "[counters]") {
  FakeMachine machine;
  start(machine);
  machine.use_cpu(pid, 3s);
  REQUIRE(fresh_cpu_time(machine).has_value());
  ProcessReading next = test::known_reading();
  next.cpu_time_ns = GENERATE(1'000'000U, 99'000'000'000U);
  machine.system.start(pid, next);
  REQUIRE_FALSE(machine.registry.track("my-app", pid));
  CHECK(fresh_cpu_time(machine) == next.cpu_time_ns);
  machine.use_cpu(pid, 2s);
  const Figure<std::uint64_t> now(*next.cpu_time_ns + 2'000'000'000U);
  CHECK(fresh_cpu_time(machine) == now);
  SECTION("if less is read later") {
    machine.system.change(pid, [](ProcessReading& reading) { reading.cpu_time_ns = 1U; });
  }
  SECTION("if it cannot be read any more") {
    machine.system.change(pid, [](ProcessReading& reading) { reading.clear(); });
  }
  SECTION("if it ends") {
    machine.system.end(pid);
  }
  CHECK(fresh_cpu_time(machine) == now);
}

TEST_CASE("a process that ended before it was read again has the counter of its start",
          "[counters]") {
  FakeMachine machine(RegistryOptions{.max_history = 3, .further_figures = FurtherFigures{0}});
  start(machine);
  ProcessReading next = test::known_reading();
  next.cpu_time_ns = 1'000'000U;
  machine.system.start(pid, next);
  REQUIRE_FALSE(machine.registry.track("my-app", pid));
  machine.system.end(pid);
  const FreshCounters counters = machine.registry.read_counters();
  CHECK(counters.sample(0).metrics.cpu_time_ns == next.cpu_time_ns);
  CHECK_FALSE(counters.sample(0).more[0].has_value());
}

TEST_CASE("the levels beside the counters of a new process are those of the tick", "[counters]") {
  FakeMachine machine;
  start(machine);
  ProcessReading next = test::known_reading();
  next.memory_rss_bytes = 1U;
  machine.system.start(pid, next);
  REQUIRE_FALSE(machine.registry.track("my-app", pid));
  CHECK(machine.registry.read_counters().sample(0).metrics.memory_rss_bytes ==
        test::known_reading().memory_rss_bytes);
}

TEST_CASE("counters are read under names that come and go", "[counters]") {
  FakeMachine machine;
  start(machine, "b");
  machine.use_cpu(pid, 1s);
  REQUIRE_FALSE(machine.registry.declare("a"));
  CHECK(fresh_cpu_time(machine, 1) == Figure<std::uint64_t>(6'000'000'000U));
  REQUIRE(machine.registry.untrack("a"));
  machine.use_cpu(pid, 1s);
  CHECK(fresh_cpu_time(machine) == Figure<std::uint64_t>(7'000'000'000U));
  REQUIRE(machine.registry.untrack("b"));
  CHECK(machine.registry.read_counters().snapshot().empty());
}

TEST_CASE("what was recorded elsewhere has the counter of its sample", "[counters]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  ProcessMetrics metrics;
  metrics.cpu_time_ns = 5U;
  REQUIRE_FALSE(machine.registry.record("my-app", metrics));
  machine.tick_after();
  CHECK(fresh_cpu_time(machine) == metrics.cpu_time_ns);
}

TEST_CASE("a recorded sample has the counter of no process before it", "[counters]") {
  FakeMachine machine;
  ProcessMetrics metrics;
  SECTION("recorded") {
    REQUIRE_FALSE(machine.registry.declare("my-app"));
    metrics.pid = 100;
    metrics.cpu_time_ns = 100'000'000'000U;
    REQUIRE_FALSE(machine.registry.record("my-app", metrics));
    machine.tick_after();
    REQUIRE(fresh_cpu_time(machine) == metrics.cpu_time_ns);
  }
  SECTION("tracked") {
    start(machine);
    REQUIRE(fresh_cpu_time(machine) == test::known_reading().cpu_time_ns);
    REQUIRE(machine.registry.release("my-app"));
    machine.tick_after();
  }
  metrics.pid = 200;
  metrics.cpu_time_ns = 1'000U;
  REQUIRE_FALSE(machine.registry.record("my-app", metrics));
  machine.tick_after();
  CHECK(fresh_cpu_time(machine) == metrics.cpu_time_ns);
}

TEST_CASE("further counters are read at the scrape, too", "[counters]") {
  FakeMachine machine(RegistryOptions{.max_history = 3, .further_figures = FurtherFigures{0}});
  start(machine);
  const FreshCounters counters = machine.registry.read_counters();
  REQUIRE(counters.sample(0).more.size() == 8);
  CHECK(counters.sample(0).more[0] == Figure<std::uint64_t>(42U));
}

TEST_CASE("a counter of one's own is read at the scrape if the registry knows it", "[counters]") {
  constexpr std::size_t level = further_slot<figures>("memory_peak");
  for (const bool is_known : {false, true}) {
    CAPTURE(is_known);
    RegistryOptions options{.max_history = 3, .further_figures = FurtherFigures{level}};
    if (is_known) options.refreshed_counters |= FurtherFigures{level};
    FakeMachine machine(options);
    machine.system.further_slot = level;
    start(machine);
    machine.system.set_further(pid, 50);
    CHECK(machine.registry.read_counters().sample(0).more[level] ==
          Figure<std::uint64_t>(is_known ? 50U : 42U));
  }
}

TEST_CASE("read errors are counted by kind", "[counters]") {
  FakeMachine machine;
  start(machine);
  const ReadErrorCounts& errors = machine.registry.read_errors();
  CHECK(errors.of(ReadErrorKind::permission) == 0);
  const auto fail_with = [&](std::errc error) {
    machine.system.change(
        pid, [&](ProcessReading& reading) { reading.num_fds_error = std::make_error_code(error); });
    machine.tick_after();
  };
  fail_with(std::errc::permission_denied);
  fail_with(std::errc::too_many_files_open);
  fail_with(std::errc::io_error);
  machine.system.change(pid, [](ProcessReading& reading) { reading.clear(); });
  machine.tick_after();
  SECTION("also if nothing can be read") {
    fail_with(std::errc::permission_denied);
    fail_with(std::errc::too_many_files_open);
    fail_with(std::errc::io_error);
    CHECK(errors.of(ReadErrorKind::permission) == 2);
    CHECK(errors.of(ReadErrorKind::no_descriptors) == 2);
    CHECK(errors.of(ReadErrorKind::other) == 1);
    CHECK(errors.of(ReadErrorKind::unreadable) == 2);
    return;
  }
  for (const auto kind : {ReadErrorKind::permission, ReadErrorKind::no_descriptors,
                          ReadErrorKind::other, ReadErrorKind::unreadable}) {
    CAPTURE(to_text(kind));
    CHECK(errors.of(kind) == 1);
  }
}
