#include "allocation/failing_allocations.hpp"
#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/fake_registry.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::atomic<std::size_t> allocations = 0;
thread_local int passes_left = 0;
thread_local int failures_left = 0;

/// Throws if the test wants this allocation to fail.
void count_allocation() {
  ++allocations;
  if (failures_left == 0) return;
  if (passes_left > 0) {
    --passes_left;
    return;
  }
  --failures_left;
  throw std::bad_alloc();
}

void* allocate(std::size_t size) {
  count_allocation();
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
  count_allocation();
  const auto step = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(step, (size + step) / step * step)) return memory;
  throw std::bad_alloc();
}

// Not inlined: otherwise GCC warns of free() on the result of a `new` that it did not inline.
[[gnu::noinline]] void release(void* memory) noexcept {
  std::free(memory);
}

}  // namespace

void provisr::test::fail_allocations(int count, int passed) {
  passes_left = passed;
  failures_left = count;
}

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, alignment);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}

namespace {

using namespace provisr;
using provisr::test::FakeMachine;

constexpr std::size_t max_history = 4;

/// Returns how often memory was allocated while `action` ran.
template <class Action>
std::size_t allocations_of(Action&& action) {
  const std::size_t before = allocations;
  action();
  return allocations - before;
}

template <class AnyRegistry>
void tick_times(AnyRegistry& registry, int times) {
  for (int i = 0; i < times; ++i) static_cast<void>(registry.tick());
}

/// A machine with a hundred fake processes, after the first ticks, which may allocate.
struct SteadyMachine : FakeMachine {
  SteadyMachine() : FakeMachine(max_history) {
    for (ProcessId pid = 1; pid <= 100; ++pid) {
      system.start(pid, test::known_reading());
      REQUIRE_FALSE(registry.track("worker-" + std::to_string(pid), pid));
    }
    tick_times(registry, 2);
  }
};

void check_real_ticks(std::optional<std::size_t> budget) {
  Registry registry(
      RegistryOptions{.max_history = max_history},
      SamplingContext(SamplerOptions{.proc_root = "/proc", .max_kept_descriptors = budget}));
  for (int i = 0; i < 50; ++i) {
    REQUIRE_FALSE(registry.track("self-" + std::to_string(i), ::getpid()));
  }
  tick_times(registry, 2);
  CHECK(allocations_of([&] { tick_times(registry, 20); }) == 0);
  CHECK(registry.group("self")->process_count == 50);
}

/// Starts `count` processes one after the other and waits until each has ended.
void live_and_end(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  }
}

constexpr FurtherFigures all_further_figures =
    further_figures<figures>([](const FigureInfo&) { return true; });

/// Returns whether the latest sample of a name has all further figures.
bool knows_all_further_figures(const Registry& registry, std::string_view name) {
  const Snapshot snapshot = registry.snapshot();
  const auto process = snapshot.find(name);
  if (!process || !process->running()) return false;
  const auto more = process->sample().more.first(further_count<figures>);
  return std::ranges::all_of(more, [](auto figure) { return figure.has_value(); });
}

}  // namespace

TEST_CASE("allocations are counted", "[allocation]") {
  FakeMachine machine;
  machine.system.start(7, test::known_reading());
  CHECK(allocations_of([&] { static_cast<void>(machine.registry.track("my-app", 7)); }) > 0);
  CHECK(allocations_of([&] { machine.tick_after(); }) > 0);  // a name was added
}

TEST_CASE("a steady tick over fake processes allocates nothing", "[allocation]") {
  SteadyMachine machine;
  CHECK(allocations_of([&] { tick_times(machine.registry, 3 * max_history); }) == 0);
  CHECK(machine.registry.history("worker-1")->size() == max_history);
}

TEST_CASE("a steady tick over real processes allocates nothing", "[allocation]") {
  check_real_ticks(std::nullopt);
}

TEST_CASE("a steady tick over real processes read by path allocates nothing", "[allocation]") {
  check_real_ticks(0);
}

// A separate thread reads the proportional size for the next tick. The allocations of that thread
// are counted, too, and each of these ticks asks it again.
TEST_CASE("a steady tick with all that can be collected allocates nothing", "[allocation]") {
  const std::optional<std::size_t> budget = GENERATE(std::optional<std::size_t>(), 0);
  const SampleScope scope = GENERATE(SampleScope::process, SampleScope::tree);
  const test::Child busy = test::fork_child([] {
    for (volatile bool goes_on = true; goes_on;) {
    }
  });
  const test::Child idle = test::fork_child([] { ::pause(); });
  Registry registry(
      RegistryOptions{.max_history = max_history, .further_figures = all_further_figures},
      SamplingContext(SamplerOptions{.proc_root = "/proc",
                                     .max_kept_descriptors = budget,
                                     .min_pss_interval = std::chrono::nanoseconds(0)}));
  REQUIRE_FALSE(registry.track("self", ::getpid(), {.scope = scope}));
  REQUIRE_FALSE(registry.track("busy", busy.pid(), {.scope = scope}));
  REQUIRE_FALSE(registry.track("idle", idle.pid(), {.scope = scope}));
  for (const std::string_view name : {"self", "busy", "idle"}) {
    REQUIRE(test::eventually([&] {
      tick_times(registry, 1);
      return knows_all_further_figures(registry, name);
    }));
  }
  CHECK(allocations_of([&] { tick_times(registry, 50); }) == 0);
  CHECK(knows_all_further_figures(registry, "busy"));
}

TEST_CASE("ticks of a tree beside processes that are born elsewhere allocate nothing",
          "[allocation]") {
  const test::Child idle = test::fork_child([] { ::pause(); });
  Registry registry(RegistryOptions{.max_history = max_history});
  REQUIRE_FALSE(registry.track("idle", idle.pid(), {.scope = SampleScope::tree}));
  tick_times(registry, 2);
  CHECK(allocations_of([&] {
          for (int i = 0; i < 20; ++i) {
            live_and_end(i);
            tick_times(registry, 1);
          }
        }) == 0);
}

TEST_CASE("a tick that finds processes gone allocates nothing", "[allocation]") {
  SteadyMachine machine;
  for (ProcessId pid = 1; pid <= 50; ++pid) machine.system.end(pid);
  CHECK(allocations_of([&] { tick_times(machine.registry, 2); }) == 0);
  CHECK(machine.registry.group("worker")->process_count == 50);
}

TEST_CASE("a steady tick that is observed allocates nothing", "[allocation]") {
  std::size_t told = 0;
  std::size_t vanished = 0;
  FakeMachine machine(
      RegistryOptions{.max_history = max_history, .observer = [&](const TickEvent& tick) {
                        ++told;
                        tick.for_each_vanished([&](std::string_view, ProcessId) { ++vanished; });
                      }});
  machine.system.start(7, test::known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  tick_times(machine.registry, 2);
  machine.system.end(7);
  CHECK(allocations_of([&] { tick_times(machine.registry, 10); }) == 0);
  CHECK(told == 12);
  CHECK(vanished == 1);
}

TEST_CASE("readers allocate nothing", "[allocation]") {
  SteadyMachine machine;
  std::size_t running = 0;
  const std::size_t count = allocations_of([&] {
    const Snapshot snapshot = machine.registry.snapshot();
    for (const Snapshot::Process process : snapshot) running += process.running() ? 1U : 0U;
    running += machine.registry.latest("worker-5") ? 1U : 0U;
    running += machine.registry.group("worker")->process_count;
  });
  CHECK(count == 0);
  CHECK(running == 201);
}

TEST_CASE("ticks beside a reader that holds a snapshot allocate nothing", "[allocation]") {
  SteadyMachine machine;
  std::optional<Snapshot> held = machine.registry.snapshot();
  tick_times(machine.registry, 2);  // takes one more buffer than before
  CHECK(allocations_of([&] {
          for (int i = 0; i < 10; ++i) {
            held = machine.registry.snapshot();
            tick_times(machine.registry, 2);
          }
        }) == 0);
}

TEST_CASE("recorded samples allocate nothing", "[allocation]") {
  FakeMachine machine(max_history);
  REQUIRE_FALSE(machine.registry.declare("remote"));
  tick_times(machine.registry, 2);
  CHECK(allocations_of([&] {
          for (int i = 0; i < 20; ++i) {
            static_cast<void>(machine.registry.record("remote", ProcessMetrics{}));
            tick_times(machine.registry, 1);
          }
        }) == 0);
}

TEST_CASE("metrics are written into a text that has grown without allocating", "[allocation]") {
  SteadyMachine machine;
  std::string text;
  const Snapshot snapshot = machine.registry.snapshot();
  CHECK(allocations_of([&] { write_prometheus(snapshot, text); }) > 0);
  const std::string first = text;
  text.clear();
  CHECK(allocations_of([&] { write_prometheus(snapshot, text); }) == 0);
  CHECK(text == first);
}
