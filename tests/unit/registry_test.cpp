#include "support/fake_registry.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using namespace provisr;
using provisr::test::FakeContext;
using provisr::test::FakeMachine;
using provisr::test::FakeRegistry;
using provisr::test::known_reading;

TEST_CASE("the first sample is measured against the reading at track", "[registry]") {
  FakeMachine machine;
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.use_cpu(7, 310ms);
  machine.tick_after(2s);

  const auto latest = machine.registry.latest("my-app");
  REQUIRE(latest);
  CHECK(latest->cpu_percent == Figure<double>(15.5));
  CHECK(latest->cpu_time_ns == Figure<std::uint64_t>(5'310'000'000U));
}

TEST_CASE("a sample holds what the sampler read", "[registry]") {
  FakeMachine machine;
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();

  const auto latest = machine.registry.latest("my-app");
  REQUIRE(latest);
  CHECK(latest->pid == 7);
  CHECK(latest->timestamp == machine.clock.utc_now());
  CHECK(latest->memory_rss_bytes == known_reading().memory_rss_bytes);
  CHECK(latest->memory_vms_bytes == known_reading().memory_vms_bytes);
  CHECK(latest->memory_swap_bytes == known_reading().memory_swap_bytes);
  CHECK(latest->num_threads == known_reading().num_threads);
  CHECK(latest->num_fds == known_reading().num_fds);
}

TEST_CASE("each sample is measured against the one before", "[registry]") {
  FakeMachine machine;
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  std::vector<double> rates;
  for (const auto used : {1s, 4s, 0s}) {
    machine.use_cpu(7, used);
    machine.tick_after(1s);
    rates.push_back(*machine.registry.latest("my-app")->cpu_percent);
  }
  CHECK(rates == std::vector{100.0, 400.0, 0.0});
}

TEST_CASE("unknown figures stay unknown", "[registry]") {
  FakeMachine machine;
  machine.system.start(7);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();

  const auto latest = machine.registry.latest("my-app");
  REQUIRE(latest);
  ProcessMetrics nothing_known;
  nothing_known.pid = 7;
  nothing_known.timestamp = machine.clock.utc_now();
  CHECK(*latest == nothing_known);
}

TEST_CASE("a CPU counter that becomes known gives a rate from the second reading on",
          "[registry]") {
  FakeMachine machine;
  machine.system.start(7);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.system.change(7, [](ProcessReading& reading) { reading = known_reading(); });
  machine.tick_after();
  CHECK_FALSE(machine.registry.latest("my-app")->cpu_percent.has_value());
  machine.use_cpu(7, 500ms);
  machine.tick_after();
  CHECK(machine.registry.latest("my-app")->cpu_percent == Figure<double>(50.0));
}

TEST_CASE("a history is bounded and in order", "[registry]") {
  FakeMachine machine(3);
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  CHECK(machine.registry.history("my-app")->empty());
  for (int used = 1; used <= 5; ++used) {
    machine.use_cpu(7, used * 10ms);
    machine.tick_after();
  }
  const auto history = machine.registry.history("my-app");
  REQUIRE(history);
  REQUIRE(history->size() == 3);
  CHECK((*history)[0].cpu_percent == Figure<double>(3.0));
  CHECK((*history)[1].cpu_percent == Figure<double>(4.0));
  CHECK((*history)[2] == *machine.registry.latest("my-app"));
}

TEST_CASE("a history of no samples is made one of one", "[registry]") {
  FakeMachine machine(0);
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  machine.tick_after();
  CHECK(machine.registry.history("my-app")->size() == 1);
}

TEST_CASE("wrong names are refused", "[registry]") {
  FakeMachine machine;
  machine.system.start(7);
  for (const char* name : {"", "a b", "..", "a/b", "a\"b"}) {
    CAPTURE(name);
    CHECK(machine.registry.declare(name) == std::errc::invalid_argument);
    CHECK(machine.registry.track(name, 7) == std::errc::invalid_argument);
    CHECK(machine.registry.record(name, {}) == std::errc::invalid_argument);
    CHECK_FALSE(machine.registry.untrack(name));
  }
  CHECK(machine.registry.snapshot().empty());
}

TEST_CASE("what the sampler refuses is refused and changes nothing", "[registry]") {
  FakeMachine machine;
  machine.system.start(7, known_reading());
  machine.system.refuse(8, std::errc::permission_denied);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));

  CHECK(machine.registry.track("my-app", 8) == std::errc::permission_denied);
  CHECK(machine.registry.track("my-app", 9) == std::errc::no_such_process);
  CHECK(machine.registry.track("other", 9) == std::errc::no_such_process);
  machine.tick_after();
  CHECK(machine.registry.latest("my-app")->pid == 7);
  CHECK_FALSE(machine.registry.snapshot().find("other"));
}

TEST_CASE("what is unknown is empty", "[registry]") {
  const FakeMachine machine;
  CHECK_FALSE(machine.registry.latest("nobody"));
  CHECK_FALSE(machine.registry.history("nobody"));
  CHECK_FALSE(machine.registry.group("nobody"));
  CHECK(machine.registry.snapshot().tick() == 0);
  CHECK(machine.registry.snapshot().taken_at() == Timestamp{});
}

TEST_CASE("a tick reports what it did", "[registry]") {
  FakeMachine machine;
  for (const ProcessId pid : {1, 2, 3}) {
    machine.system.start(pid, known_reading());
    REQUIRE_FALSE(machine.registry.track("p" + std::to_string(pid), pid));
  }
  REQUIRE_FALSE(machine.registry.declare("idle"));
  machine.system.on_begin_tick = [&] { machine.clock.advance(3ms); };
  machine.system.end(2);

  const TickReport first = machine.tick_after();
  CHECK(first.tick == 1);
  CHECK(first.running == 2);
  CHECK(first.vanished == 1);
  CHECK(first.duration == 3ms);
  const TickReport second = machine.tick_after();
  CHECK(second.tick == 2);
  CHECK(second.running == 2);
  CHECK(second.vanished == 0);
}

TEST_CASE("a refused descriptor count is told once a process", "[registry]") {
  FakeMachine machine;
  ProcessReading refused = known_reading();
  refused.num_fds = {};
  refused.num_fds_error = std::make_error_code(std::errc::permission_denied);
  machine.system.start(7, refused);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  CHECK(machine.told.empty());
  for (int i = 0; i < 3; ++i) machine.tick_after();
  REQUIRE(machine.told.size() == 1);
  CHECK(machine.told[0].severity == Severity::debug);
  CHECK(machine.told[0].process == "my-app");
  CHECK(machine.told[0].message == "descriptor count unknown: " + refused.num_fds_error.message());
  CHECK_FALSE(machine.registry.latest("my-app")->num_fds.has_value());

  machine.system.start(8, refused);
  REQUIRE_FALSE(machine.registry.track("my-app", 8));
  for (int i = 0; i < 3; ++i) machine.tick_after();
  CHECK(machine.told.size() == 2);
}

TEST_CASE("what a sink throws does not get out of a tick", "[registry]") {
  FakeMachine machine(RegistryOptions{
      .diagnostics = [](const Diagnostic&) { throw std::runtime_error("no room"); }});
  ProcessReading refused = known_reading();
  refused.num_fds_error = std::make_error_code(std::errc::permission_denied);
  machine.system.start(7, refused);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  CHECK(machine.tick_after().running == 1);
  CHECK(machine.registry.latest("my-app"));
}

TEST_CASE("a registry without a sink ticks as well", "[registry]") {
  FakeMachine machine{RegistryOptions{}};
  ProcessReading refused = known_reading();
  refused.num_fds_error = std::make_error_code(std::errc::permission_denied);
  machine.system.start(7, refused);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  CHECK(machine.tick_after().running == 1);
}

TEST_CASE("a name for whose history there is no memory is not added", "[registry]") {
  FakeMachine machine(std::numeric_limits<std::size_t>::max());
  machine.system.start(7, known_reading());
  CHECK_THROWS_AS(machine.registry.declare("my-app"), std::bad_alloc);
  CHECK_THROWS_AS(machine.registry.track("my-app", 7), std::bad_alloc);
  CHECK_FALSE(machine.registry.untrack("my-app"));
  CHECK(machine.registry.snapshot().empty());
  CHECK(machine.tick_after().tick == 1);
}

TEST_CASE("many names are sorted and found", "[registry]") {
  FakeMachine machine(2);
  constexpr int count = 1000;
  for (int i = 0; i < count; ++i) {
    const ProcessId pid = (i * 617) % count + 1;  // not in order
    machine.system.start(pid, known_reading());
    REQUIRE_FALSE(machine.registry.track("worker-" + std::to_string(pid), pid));
  }
  CHECK(machine.tick_after().running == count);

  const Snapshot snapshot = machine.registry.snapshot();
  REQUIRE(snapshot.size() == count);
  std::string previous;
  for (const Snapshot::Process process : snapshot) {
    REQUIRE(previous < process.name());
    previous = process.name();
    REQUIRE(process.name() == "worker-" + std::to_string(process.metrics().pid));
    REQUIRE(snapshot.find(process.name())->metrics().pid == process.metrics().pid);
  }
  CHECK(machine.registry.group("worker")->process_count == count);
}
