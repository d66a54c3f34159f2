#include "support/fake_registry.hpp"
#include "support/indexed_sample.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using namespace provisr;
using provisr::test::FakeMachine;
using provisr::test::indexed_sample;
using provisr::test::known_reading;

namespace {

/// A machine with one process, PID 7, tracked as "my-app".
struct OneProcess : FakeMachine {
  explicit OneProcess(std::size_t max_history = 100) : FakeMachine(max_history) {
    system.start(7, known_reading());
    REQUIRE_FALSE(registry.track("my-app", 7));
  }
};

std::vector<std::string> names(const Snapshot& snapshot) {
  std::vector<std::string> result;
  for (const Snapshot::Process process : snapshot) result.emplace_back(process.name());
  return result;
}

std::vector<ProcessId> pids(const std::vector<ProcessMetrics>& samples) {
  std::vector<ProcessId> result;
  for (const ProcessMetrics& sample : samples) result.push_back(sample.pid);
  return result;
}

}  // namespace

TEST_CASE("a process that has ended is not running and keeps its history", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  machine.tick_after();
  machine.system.end(7);
  machine.tick_after();

  CHECK_FALSE(machine.registry.latest("my-app"));
  CHECK(machine.registry.history("my-app")->size() == 2);
  const Snapshot snapshot = machine.registry.snapshot();
  REQUIRE(snapshot.find("my-app"));
  CHECK_FALSE(snapshot.find("my-app")->running());
}

TEST_CASE("another process with the same PID is not taken for the old one", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  machine.system.start(7, known_reading());
  CHECK(machine.tick_after().vanished == 1);
  CHECK_FALSE(machine.registry.latest("my-app"));
  CHECK(machine.tick_after().running == 0);
}

TEST_CASE("no difference is taken across a restart", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  machine.system.end(7);
  ProcessReading young = known_reading();
  young.cpu_time_ns = 9'000'000'000U;  // more than that of the old process
  machine.system.start(8, young);
  REQUIRE_FALSE(machine.registry.track("my-app", 8));
  machine.use_cpu(8, 250ms);
  machine.tick_after();

  const auto latest = machine.registry.latest("my-app");
  REQUIRE(latest);
  CHECK(latest->cpu_percent == Figure<double>(25.0));
  CHECK(pids(*machine.registry.history("my-app")) == std::vector<ProcessId>{7, 8});
}

TEST_CASE("a restart after the end was seen goes on with the history", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  machine.system.end(7);
  machine.tick_after();
  machine.system.start(8, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 8));
  CHECK_FALSE(machine.registry.latest("my-app"));
  machine.tick_after();
  CHECK(machine.registry.latest("my-app")->pid == 8);
  CHECK(pids(*machine.registry.history("my-app")) == std::vector<ProcessId>{7, 8});
}

TEST_CASE("a process that is let go of is not running, and has not vanished", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  CHECK_FALSE(machine.registry.release("nobody"));
  REQUIRE(machine.registry.release("my-app"));
  CHECK(machine.tick_after().running == 0);
  const Snapshot snapshot = machine.registry.snapshot();
  REQUIRE(snapshot.find("my-app"));
  CHECK_FALSE(snapshot.find("my-app")->running());
  CHECK_FALSE(snapshot.find("my-app")->retired());
  CHECK_FALSE(snapshot.find("my-app")->vanished_pid());
  CHECK(machine.registry.history("my-app")->size() == 1);
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  CHECK(machine.registry.latest("my-app"));
}

TEST_CASE("a history of before is shown from the start", "[registry]") {
  RegistryOptions options;
  options.storage = [](const HistoryShape& shape) {
    HistoryStorage storage = heap_storage(shape);
    History(shape, storage).push(indexed_sample(4));
    return storage;
  };
  Registry registry(options);
  REQUIRE_FALSE(registry.declare("my-app"));
  const Snapshot snapshot = registry.snapshot();
  CHECK(pids(snapshot.find("my-app")->history()) == std::vector<ProcessId>{indexed_sample(4).pid});
  CHECK(snapshot.find("my-app")->newest());
  CHECK_FALSE(snapshot.find("my-app")->running());
  registry.tick();
  CHECK(registry.history("my-app")->size() == 1);
}

TEST_CASE("a declared name is known and does not run", "[registry]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  const auto check = [&] {
    const auto process = machine.registry.snapshot().find("my-app");
    REQUIRE(process);
    CHECK_FALSE(machine.registry.snapshot()[0].running());
    CHECK_FALSE(machine.registry.latest("my-app"));
    CHECK(machine.registry.history("my-app")->empty());
    CHECK(machine.registry.group("my-app")->process_count == 0);
  };
  check();
  machine.tick_after();
  check();
}

TEST_CASE("declaring a known name leaves it as it is", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  CHECK(machine.registry.latest("my-app"));
  machine.tick_after();
  CHECK(machine.registry.history("my-app")->size() == 2);
}

TEST_CASE("names are shown and hidden at once", "[registry]") {
  OneProcess machine;
  CHECK(names(machine.registry.snapshot()) == std::vector<std::string>{"my-app"});
  machine.tick_after();
  machine.system.start(8, known_reading());
  REQUIRE_FALSE(machine.registry.track("a", 8));
  CHECK(names(machine.registry.snapshot()) == std::vector<std::string>{"a", "my-app"});
  CHECK_FALSE(machine.registry.latest("a"));
  CHECK(machine.registry.latest("my-app"));  // carried over
  CHECK(machine.registry.snapshot().tick() == 1);
  CHECK(machine.registry.snapshot().taken_at() == machine.clock.utc_now());
  CHECK(machine.registry.untrack("my-app"));
  CHECK_FALSE(machine.registry.untrack("my-app"));
  CHECK(names(machine.registry.snapshot()) == std::vector<std::string>{"a"});
  machine.tick_after();
  CHECK(names(machine.registry.snapshot()) == std::vector<std::string>{"a"});
}

TEST_CASE("a name that comes back starts anew", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  REQUIRE(machine.registry.untrack("my-app"));
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  CHECK(machine.registry.history("my-app")->empty());
  CHECK_FALSE(machine.registry.latest("my-app"));
  machine.tick_after();
  CHECK(machine.registry.history("my-app")->size() == 1);
}

TEST_CASE("a name that comes back between two ticks, unseen, starts anew", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  REQUIRE(machine.registry.untrack("my-app"));
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  CHECK(machine.registry.history("my-app")->size() == 1);
}

TEST_CASE("a snapshot does not change", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  const Snapshot old = machine.registry.snapshot();
  const ProcessMetrics old_metrics = old[0].metrics();
  for (int i = 0; i < 20; ++i) {
    machine.use_cpu(7, 900ms);
    machine.tick_after();
  }
  REQUIRE(machine.registry.untrack("my-app"));
  machine.tick_after();

  REQUIRE(names(old) == std::vector<std::string>{"my-app"});
  CHECK(old.tick() == 1);
  CHECK(old[0].running());
  CHECK(old[0].metrics() == old_metrics);
  CHECK(old[0].history() == std::vector{old_metrics});
  CHECK(machine.registry.snapshot().empty());
}

TEST_CASE("snapshots outlive their registry", "[registry]") {
  std::optional<Snapshot> before_tick;
  std::optional<Snapshot> after_tick;
  {
    OneProcess machine;
    before_tick = machine.registry.snapshot();
    machine.tick_after();
    after_tick = machine.registry.snapshot();
    machine.tick_after();
  }
  CHECK(before_tick->tick() == 0);
  CHECK_FALSE((*before_tick)[0].running());
  CHECK(after_tick->find("my-app")->metrics().pid == 7);
  CHECK(after_tick->find("my-app")->history().size() == 1);
}

TEST_CASE("a recorded sample is shown from the next tick to the one after", "[registry]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("remote"));
  REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(1)));
  REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(2)));
  CHECK_FALSE(machine.registry.latest("remote"));

  CHECK(machine.tick_after().running == 1);
  CHECK(machine.registry.latest("remote") == indexed_sample(2));
  CHECK(machine.registry.history("remote") == std::vector{indexed_sample(1), indexed_sample(2)});
  CHECK(machine.tick_after().running == 0);
  CHECK_FALSE(machine.registry.latest("remote"));
  CHECK(machine.registry.history("remote")->size() == 2);
}

TEST_CASE("samples are recorded for declared names without a process only", "[registry]") {
  OneProcess machine;
  CHECK(machine.registry.record("nobody", indexed_sample(1)) == std::errc::invalid_argument);
  CHECK(machine.registry.record("my-app", indexed_sample(1)) == std::errc::device_or_resource_busy);
  machine.tick_after();
  machine.system.end(7);
  CHECK(machine.registry.record("my-app", indexed_sample(1)) == std::errc::device_or_resource_busy);
  machine.tick_after();
  CHECK_FALSE(machine.registry.record("my-app", indexed_sample(1)));
}

TEST_CASE("a recorded sample does not come up again after the process that followed it",
          "[registry]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  REQUIRE_FALSE(machine.registry.record("my-app", indexed_sample(1)));
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  CHECK(machine.registry.latest("my-app")->pid == 7);
  machine.system.end(7);
  machine.tick_after();
  CHECK_FALSE(machine.registry.latest("my-app"));
  CHECK(machine.registry.history("my-app")->size() == 2);
}

TEST_CASE("readers do not wait for a tick and see nothing of it before it ends", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  std::optional<Snapshot> during;
  std::optional<std::vector<ProcessMetrics>> history_during;
  machine.system.on_begin_tick = [&] {  // would deadlock if readers waited for the tick
    during = machine.registry.snapshot();
    history_during = machine.registry.history("my-app");
  };
  machine.tick_after();
  CHECK(during->tick() == 1);
  CHECK(history_during->size() == 1);
  CHECK(machine.registry.snapshot().tick() == 2);
}

TEST_CASE("a snapshot shows no sample of after a reset", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  machine.tick_after();
  const Snapshot before = machine.registry.snapshot();
  HistoryView view = before.find("my-app")->history_view();
  CHECK_FALSE(machine.registry.reset_history("nobody"));
  REQUIRE(machine.registry.reset_history("my-app"));
  const Snapshot after = machine.registry.snapshot();
  CHECK(after.revision() > before.revision());
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U}) {
    CAPTURE(size);
    CHECK(before.find("my-app")->history().empty());
    CHECK_FALSE(before.find("my-app")->newest());
    CHECK(after.find("my-app")->history().empty());
    std::vector<ProcessMetrics> samples;
    HistoryView(view).read(2, samples);
    CHECK(samples.empty());
    CHECK(machine.registry.history("my-app")->size() == size);
    machine.tick_after();
  }
}

TEST_CASE("a reset leaves the process of the name as it is", "[registry]") {
  OneProcess machine;
  machine.tick_after();
  const ProcessMetrics latest = *machine.registry.latest("my-app");
  REQUIRE(machine.registry.reset_history("my-app"));
  CHECK(machine.registry.latest("my-app") == latest);
  machine.use_cpu(7, 250ms);
  CHECK(machine.registry.read_counters().sample(0).metrics.cpu_time_ns ==
        Figure<std::uint64_t>(*latest.cpu_time_ns + 250'000'000));
  machine.tick_after();
  CHECK(machine.registry.latest("my-app")->cpu_percent == Figure<double>(25.0));
}

TEST_CASE("a sample that was recorded before a reset is not shown after it", "[registry]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("remote"));
  REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(1)));
  REQUIRE(machine.registry.reset_history("remote"));
  machine.tick_after();
  CHECK_FALSE(machine.registry.latest("remote"));
  REQUIRE(machine.registry.reset_history("remote"));
  REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(2)));
  CHECK(machine.registry.history("remote")->empty());  // until the next tick
  machine.tick_after();
  CHECK(machine.registry.latest("remote") == indexed_sample(2));
  CHECK(machine.registry.history("remote") == std::vector{indexed_sample(2)});
}

TEST_CASE("a stored history is reset in its bytes", "[registry]") {
  HistoryStorage stored;
  RegistryOptions options;
  options.storage = [&](const HistoryShape& shape) { return stored = heap_storage(shape); };
  FakeMachine machine(options);
  REQUIRE_FALSE(machine.registry.declare("remote"));
  for (std::uint64_t i = 0; i < 3; ++i) {
    REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(i)));
  }
  REQUIRE(machine.registry.reset_history("remote"));
  REQUIRE_FALSE(machine.registry.record("remote", indexed_sample(9)));
  const History again(HistoryShape{.name = "remote", .capacity = 100}, stored);
  CHECK(again.read() == std::vector{indexed_sample(9)});
}

TEST_CASE("a retired name is without a process at once", "[registry]") {
  FakeMachine machine;
  SECTION("of the registry") {
    machine.system.start(7, known_reading());
    REQUIRE_FALSE(machine.registry.track("my-app", 7));
  }
  SECTION("recorded") {
    REQUIRE_FALSE(machine.registry.declare("my-app"));
    REQUIRE_FALSE(machine.registry.record("my-app", indexed_sample(1)));
  }
  machine.tick_after();
  REQUIRE(machine.registry.latest("my-app"));
  REQUIRE(machine.registry.retire("my-app"));
  const auto check = [&] {
    const Snapshot snapshot = machine.registry.snapshot();
    CHECK(snapshot.find("my-app")->retired());
    CHECK_FALSE(snapshot.find("my-app")->running());
    CHECK_FALSE(snapshot.find("my-app")->vanished_pid());
    CHECK(snapshot.find("my-app")->history().size() == 1);
    CHECK_FALSE(machine.registry.latest("my-app"));
    CHECK(machine.registry.group("my-app")->process_count == 0);
    std::string text;
    write_prometheus(snapshot, text);
    CHECK(text.find("my-app") == std::string::npos);
  };
  check();
  CHECK(machine.registry.record("my-app", indexed_sample(2)) == std::errc::invalid_argument);
  machine.tick_after();
  check();
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  CHECK_FALSE(machine.registry.snapshot().find("my-app")->retired());
  CHECK_FALSE(machine.registry.record("my-app", indexed_sample(2)));
}

TEST_CASE("a sample recorded before its name is retired is not shown", "[registry]") {
  FakeMachine machine;
  REQUIRE_FALSE(machine.registry.declare("my-app"));
  REQUIRE_FALSE(machine.registry.record("my-app", indexed_sample(1)));
  REQUIRE(machine.registry.retire("my-app"));
  machine.tick_after();
  CHECK_FALSE(machine.registry.latest("my-app"));
}
