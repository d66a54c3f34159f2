#include "support/fake_registry.hpp"
#include "support/indexed_sample.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace provisr;
using provisr::test::FakeMachine;
using provisr::test::index_of;
using provisr::test::indexed_sample;
using provisr::test::is_whole;

namespace {

constexpr ProcessId steady_processes = 20;

/// Sets every figure of all steady processes to `number`, the number of the tick.
void show(test::FakeSystem& system, std::uint64_t number) {
  for (ProcessId pid = 1; pid <= steady_processes; ++pid) {
    system.change(pid, [&](ProcessReading& reading) {
      reading.cpu_time_ns = number * 1'000'000'000U;
      reading.memory_rss_bytes = number;
      reading.memory_vms_bytes = number * 2;
      reading.memory_swap_bytes = number * 3;
      reading.num_threads = static_cast<std::uint32_t>(number * 5);
      reading.num_fds = static_cast<std::uint32_t>(number * 7);
    });
  }
}

[[nodiscard]] bool shows(const ProcessMetrics& metrics, std::uint64_t number) {
  return metrics.memory_rss_bytes == Figure<std::uint64_t>(number) &&
         metrics.memory_vms_bytes == Figure<std::uint64_t>(number * 2) &&
         metrics.memory_swap_bytes == Figure<std::uint64_t>(number * 3) &&
         metrics.num_threads == Figure(static_cast<std::uint32_t>(number * 5)) &&
         metrics.num_fds == Figure(static_cast<std::uint32_t>(number * 7));
}

struct TornReadings {
  std::atomic<int> half_ticks = 0;
  std::atomic<int> back_in_time = 0;
  std::atomic<int> names_out_of_order = 0;
  std::atomic<int> torn_recorded = 0;
  std::atomic<int> broken_histories = 0;
  std::atomic<int> wrong_groups = 0;
  std::atomic<int> snapshots = 0;
};

void inspect_process(const Snapshot& snapshot, const Snapshot::Process& process,
                     TornReadings& findings) {
  const std::string_view name = process.name();
  if (!process.running()) return;
  if (name.starts_with("steady-")) {
    if (!shows(process.metrics(), snapshot.tick())) ++findings.half_ticks;
    if (process.metrics().timestamp != snapshot.taken_at()) ++findings.half_ticks;
  } else if (name == "recorded") {
    if (!is_whole(process.metrics())) ++findings.torn_recorded;
  }
}

void inspect_history(const Snapshot& snapshot, TornReadings& findings) {
  const auto process = snapshot.find("steady-1");
  const std::vector<ProcessMetrics> history = process->history();
  std::uint64_t number = snapshot.tick() - history.size();
  for (const ProcessMetrics& sample : history) {
    if (!shows(sample, ++number)) ++findings.broken_histories;
  }
  if (const auto recorded = snapshot.find("recorded")) {
    for (const ProcessMetrics& sample : recorded->history()) {
      if (!is_whole(sample)) ++findings.torn_recorded;
    }
  }
}

void inspect(const Snapshot& snapshot, TornReadings& findings) {
  std::string previous;
  for (const Snapshot::Process process : snapshot) {
    if (process.name() <= previous) ++findings.names_out_of_order;
    previous = process.name();
    inspect_process(snapshot, process, findings);
  }
  inspect_history(snapshot, findings);
  ++findings.snapshots;
}

void inspect_group(const test::FakeRegistry& registry, TornReadings& findings) {
  const auto totals = registry.group("steady");
  if (!totals) {
    ++findings.wrong_groups;
    return;
  }
  const auto running = static_cast<double>(totals->process_count);
  if (running == 0) return;  // before the first tick
  if (totals->process_count != steady_processes) ++findings.wrong_groups;
  if (*totals->avg_memory_bytes * running != *totals->total_memory_bytes) ++findings.wrong_groups;
}

void read_all_the_while(const test::FakeRegistry& registry, const std::atomic<bool>& done,
                        TornReadings& findings) {
  std::uint64_t last_tick = 0;
  std::vector<Snapshot> held;  // as by slow readers
  while (!done) {
    const Snapshot snapshot = registry.snapshot();
    if (snapshot.tick() < last_tick) ++findings.back_in_time;
    last_tick = snapshot.tick();
    inspect(snapshot, findings);
    inspect_group(registry, findings);
    static_cast<void>(registry.latest("passing"));
    static_cast<void>(registry.history("passing"));
    held.push_back(snapshot);
    if (held.size() < 5) continue;
    inspect(held.front(), findings);
    held.erase(held.begin());
  }
}

void come_and_go(FakeMachine& machine, const std::atomic<bool>& done) {
  while (!done) {
    static_cast<void>(machine.registry.track("passing", steady_processes + 1));
    static_cast<void>(machine.registry.declare("another"));
    machine.registry.untrack("passing");
    machine.registry.untrack("another");
    std::this_thread::yield();
  }
}

void record_all_the_while(FakeMachine& machine, const std::atomic<bool>& done) {
  for (std::uint64_t i = 1; !done; ++i) {
    static_cast<void>(machine.registry.record("recorded", indexed_sample(i)));
    std::this_thread::yield();
  }
}

void prepare(FakeMachine& machine) {
  for (ProcessId pid = 1; pid <= steady_processes + 1; ++pid) machine.system.start(pid);
  show(machine.system, 0);
  for (ProcessId pid = 1; pid <= steady_processes; ++pid) {
    REQUIRE_FALSE(machine.registry.track("steady-" + std::to_string(pid), pid));
  }
  REQUIRE_FALSE(machine.registry.declare("recorded"));
}

}  // namespace

TEST_CASE("nobody sees half a tick", "[registry][concurrency]") {
  FakeMachine machine(10);
  prepare(machine);
  TornReadings findings;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] { read_all_the_while(machine.registry, done, findings); });
  }
  threads.emplace_back([&] { come_and_go(machine, done); });
  threads.emplace_back([&] { record_all_the_while(machine, done); });

  std::uint64_t number = 0;
  bool all_ticked = true;
  while (number < 400 || (findings.snapshots < 200 && number < 20'000)) {
    show(machine.system, ++number);
    all_ticked = machine.tick_after().tick == number && all_ticked;
  }
  done = true;
  for (std::thread& thread : threads) thread.join();

  CHECK(all_ticked);
  CHECK(findings.snapshots >= 200);
  CHECK(findings.half_ticks == 0);
  CHECK(findings.back_in_time == 0);
  CHECK(findings.names_out_of_order == 0);
  CHECK(findings.torn_recorded == 0);
  CHECK(findings.broken_histories == 0);
  CHECK(findings.wrong_groups == 0);
}

TEST_CASE("several threads may tick", "[registry][concurrency]") {
  FakeMachine machine(10);
  prepare(machine);
  std::vector<std::thread> threads;
  std::vector<std::vector<std::uint64_t>> numbers(4);
  for (auto& own : numbers) {
    threads.emplace_back([&machine, &own] {
      for (int i = 0; i < 100; ++i) own.push_back(machine.registry.tick().tick);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& own : numbers) all.insert(own.begin(), own.end());
  CHECK(all.size() == 400);
  CHECK(*all.begin() == 1);
  CHECK(machine.registry.snapshot().tick() == 400);
}
