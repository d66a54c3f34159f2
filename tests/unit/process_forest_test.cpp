#include "support/fake_families.hpp"

#include <provisr/detail/process_forest.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

using namespace provisr;
using provisr::test::FakeFamilies;
using provisr::test::FakeFamilyContext;
using provisr::test::FakeFamilySampler;

namespace {

using Forest = detail::ProcessForest<FakeFamilySampler>;
using Count = Figure<std::uint32_t>;
using Nanoseconds = Figure<std::uint64_t>;

constexpr std::uint64_t second = 1'000'000'000;
/// How far the system's account of ended children may lag behind, in nanoseconds.
constexpr std::uint64_t slack = 20'000'000;

struct ForestMachine {
  ForestMachine() { system.fork(FakeFamilies::init, leader); }

  Forest::Tree open(ProcessId pid, const CpuTimeCount& count = {}) {
    std::error_code error;
    auto tree = forest.open(pid, error, count);
    REQUIRE_FALSE(error);
    return std::move(*tree);
  }
  void tick() {
    context.begin_tick();
    forest.begin_tick();
  }
  ProcessReading read(Forest::Tree& tree) {
    ProcessReading reading;
    REQUIRE(tree.read(reading) == ReadStatus::ok);
    return reading;
  }
  ProcessReading tick_and_read(Forest::Tree& tree) {
    tick();
    return read(tree);
  }

  std::error_code adopt_orphan(Forest::Tree& tree, ProcessId orphan) {
    return tree.adopt_orphan(orphan, cpu_time_before);
  }

  static Nanoseconds read_now(Forest::Tree& tree) {
    ProcessReading reading;
    REQUIRE(tree.read_counters(reading) == ReadStatus::ok);
    return reading.cpu_time_ns;
  }

  static constexpr ProcessId leader = 100;
  FakeFamilies system;
  FakeFamilyContext context{system};
  std::vector<ProcessId> told_orphans;
  std::uint64_t cpu_time_before = 0;
  Forest forest{
      context, {}, [this](ProcessId orphan, ProcessId) { told_orphans.push_back(orphan); }};
};

bool is_about(Nanoseconds figure, std::uint64_t expected) {
  return figure && *figure <= expected && *figure + slack >= expected;
}

}  // namespace

TEST_CASE("a tree is the leader and all its descendants", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.fork(FakeFamilies::init, 200);
  machine.system.fork(200, 201);
  Forest::Tree tree = machine.open(100);
  machine.system.fork(102, 103);
  machine.system.fork(103, 99);  // PIDs have wrapped around: lower than that of the parent
  machine.system.burn(103, second);
  const ProcessReading reading = machine.tick_and_read(tree);
  CHECK(reading.num_processes == Count(5U));
  CHECK(reading.num_threads == Count(10U));
  CHECK(reading.num_fds == Count(15U));
  CHECK(reading.memory_rss_bytes == Nanoseconds(500U));
  CHECK(reading.memory_vms_bytes == Nanoseconds(5000U));
  CHECK(reading.memory_swap_bytes == Nanoseconds(50U));
  CHECK(reading.cpu_time_ns == Nanoseconds(second));
}

TEST_CASE("a figure that one member does not tell is unknown of the tree", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  Forest::Tree tree = machine.open(100);
  machine.system.processes.at(101)->tells_fds = false;
  ProcessReading reading = machine.tick_and_read(tree);
  CHECK_FALSE(reading.num_fds.has_value());
  CHECK(reading.num_threads == Count(4U));
  machine.system.processes.at(101)->tells_fds = true;
  CHECK(machine.tick_and_read(tree).num_fds == Count(6U));
}

TEST_CASE("a tree ends with its leader", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  {
    Forest::Tree tree = machine.open(100);
    machine.system.exit(100);
    machine.tick();
    ProcessReading reading;
    CHECK(tree.read(reading) == ReadStatus::vanished);
    CHECK(machine.forest.size() == 2);
  }
  CHECK(machine.forest.size() == 0);
}

TEST_CASE("the time of members that were waited for is not lost and not counted twice", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.burn(100, second);
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.burn(101, 2 * second);
  machine.system.burn(102, 4 * second);
  CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(7 * second));
  SECTION("seen as zombies first") {
    machine.system.exit(102);
    CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(7 * second));
    CHECK(machine.read(tree).num_processes == Count(2U));
    machine.system.reap(102);  // by process 1
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 7 * second));
    machine.system.end(101);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 7 * second));
  }
  SECTION("all between two ticks") {
    machine.system.burn(102, second / 2);
    machine.system.end(102);
    machine.system.end(101);
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(is_about(reading.cpu_time_ns, 7 * second + second / 2));
    CHECK(reading.num_processes == Count(1U));
  }
}

TEST_CASE("children that are never seen count once they were waited for", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(100, 101);
  machine.system.burn(101, 3 * second);
  machine.system.burn(100, 1);  // waiting for a child takes CPU time
  machine.system.end(101);
  CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(3 * second + 1));
}

TEST_CASE("children that were waited for since the tick count at a scrape", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  Forest::Tree tree = machine.open(100);
  machine.system.burn(101, second);
  machine.system.burn(102, second);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.burn(100, 1);
  SECTION("if they were never seen") {
    machine.system.fork(100, 103);
    machine.system.burn(103, 3 * second);
    machine.system.end(103);
    CHECK(is_about(machine.read_now(tree), 5 * second + 1));
  }
  SECTION("with what they used since the tick") {
    machine.system.burn(102, second);
    machine.system.end(102);
    machine.system.burn(101, second);
    CHECK(is_about(machine.read_now(tree), 4 * second + 1));
    machine.system.end(101);
    CHECK(is_about(machine.read_now(tree), 4 * second + 1));
  }
  SECTION("once, also if they were zombies at the tick") {
    machine.system.exit(102);
    static_cast<void>(machine.tick_and_read(tree));
    machine.system.burn(101, 1);
    machine.system.reap(102);
    CHECK(is_about(machine.read_now(tree), 2 * second + 2));
  }
  SECTION("if this program has waited for them") {
    machine.system.end(101);
    machine.system.burn(102, 3 * second);
    machine.system.exit(102);
    machine.forest.note_collected({102, 100, 4 * second});
    machine.system.reap(102);
    CHECK(is_about(machine.read_now(tree), 5 * second + 1));
  }
  CHECK(is_about(machine.read_now(tree), *machine.tick_and_read(tree).cpu_time_ns));
}

TEST_CASE("a process without children is not asked for any at a scrape", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.burn(100, second);
  const std::uint64_t before = machine.system.family_reads;
  CHECK(machine.read_now(tree) == Nanoseconds(second));
  CHECK(machine.system.family_reads == before);
}

TEST_CASE("what nobody in the tree waits for is kept as last known", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.burn(101, second);
  machine.system.burn(102, 2 * second);
  static_cast<void>(machine.tick_and_read(tree));
  SECTION("children of a parent that ignores them") {
    machine.system.exit(102);
    machine.system.reap(102, true);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 3 * second));
  }
  SECTION("orphans, which stay members as long as they live") {
    machine.system.end(101);
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(2U));
    CHECK(is_about(reading.cpu_time_ns, 3 * second));
    machine.system.end(102);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 3 * second));
  }
  SECTION("orphans that this program waits for, to the last nanosecond") {
    machine.system.end(101);
    static_cast<void>(machine.tick_and_read(tree));
    machine.system.burn(102, second);
    machine.system.exit(102);
    machine.forest.note_collected({102, 100, 3 * second});
    machine.system.reap(102);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 4 * second));
  }
  SECTION("orphans that were never seen, by their group") {
    machine.forest.note_collected({150, 100, 5 * second});
    machine.forest.note_collected({151, 777, 5 * second});  // in another group
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 8 * second));
  }
}

TEST_CASE("an orphan whose parent ended before it was seen is known by its group", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.end(101);
  machine.system.fork(FakeFamilies::init, 103);  // in another group
  CHECK(machine.tick_and_read(tree).num_processes == Count(2U));
}

TEST_CASE("an orphan whose parent ended while it was being looked at is in the tree", "[tree]") {
  ForestMachine machine;
  FakeFamilies& system = machine.system;
  Forest::Tree tree = machine.open(100);
  system.fork(100, 110);
  static_cast<void>(machine.tick_and_read(tree));
  SECTION("a parent that was a member") {
    system.fork(110, 111);
    system.after_listing = [&] { system.end(110); };
  }
  SECTION("a parent that was found with it") {
    system.fork(110, 120);
    system.fork(120, 111);
    system.after_listing = [&] {
      system.end(110);
      system.end(120);
    };
  }
  SECTION("a parent that was found after it, as ids wrap around") {
    system.fork(100, 109);
    system.fork(109, 105);
    machine.context.recount_processes();
    system.after_listing = [&] {
      system.end(110);
      system.end(109);
    };
  }
  SECTION("a parent and its parent") {
    system.fork(110, 120);
    system.fork(120, 121);
    system.fork(121, 111);
    system.after_listing = [&] {
      for (const ProcessId pid : {110, 120, 121}) system.end(pid);
    };
  }
  CHECK(machine.tick_and_read(tree).num_processes == Count(2U));
}

TEST_CASE("an orphan of a group within the tree is in it, whatever is looked at first", "[tree]") {
  ForestMachine machine;
  FakeFamilies& system = machine.system;
  const auto fork_family = [&](ProcessId worker, ProcessId orphan) {
    system.fork(100, worker);
    system.processes.at(worker)->group = worker;
    system.fork(worker, worker + 1);
    system.fork(worker + 1, orphan);
    system.end(worker + 1);
  };
  SECTION("when the tree is opened") {
    fork_family(110, 120);
    Forest::Tree tree = machine.open(100);
    CHECK(machine.tick_and_read(tree).num_processes == Count(3U));
  }
  SECTION("listed before the leader of its group, as ids wrap around") {
    Forest::Tree tree = machine.open(100);
    static_cast<void>(machine.tick_and_read(tree));
    fork_family(110, 105);
    machine.context.recount_processes();
    CHECK(machine.tick_and_read(tree).num_processes == Count(3U));
  }
}

TEST_CASE("an orphan that left its group before it was seen joins if the caller knows its tree",
          "[tree]") {
  ForestMachine machine;
  FakeFamilies& system = machine.system;
  system.own_process = system.adopter;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  system.fork(100, 101);
  system.processes.at(101)->group = 101;
  system.fork(101, 102);
  system.end(101);
  system.fork(102, 103);
  system.burn(102, second);
  system.burn(103, second);
  CHECK(machine.tick_and_read(tree).num_processes == Count(1U));
  CHECK(machine.told_orphans == std::vector<ProcessId>{102, 103});
  SECTION("with all that descends from it") {
    CHECK_FALSE(machine.adopt_orphan(tree, 102));
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(3U));
    CHECK(is_about(reading.cpu_time_ns, 2 * second));
    CHECK_FALSE(machine.adopt_orphan(tree, 102));
    CHECK(machine.tick_and_read(tree).num_processes == Count(3U));
    system.exit(102);
    machine.forest.note_collected({102, 101, second});
    system.reap(102);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 2 * second));
  }
  SECTION("as a child of one that has ended before its origin was known") {
    system.end(102);
    CHECK(machine.adopt_orphan(tree, 102) == std::errc::no_such_process);
    CHECK_FALSE(machine.adopt_orphan(tree, 103));
    CHECK(machine.tick_and_read(tree).num_processes == Count(2U));
  }
  SECTION("with a past that counts apart if it is older than the look") {
    system.processes.at(102)->was_there = true;
    system.processes.at(103)->children_ns = second;
    CHECK_FALSE(machine.adopt_orphan(tree, 102));
    CHECK(machine.cpu_time_before == 3 * second);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 3 * second));
  }
  SECTION("unless it has ended") {
    system.end(102);
    CHECK(machine.adopt_orphan(tree, 102) == std::errc::no_such_process);
    CHECK(machine.tick_and_read(tree).num_processes == Count(1U));
  }
  SECTION("unless the tree has") {
    system.end(100);
    CHECK(machine.adopt_orphan(tree, 102) == std::errc::no_such_process);
  }
  SECTION("unless it cannot be opened") {
    system.is_short = true;
    CHECK(machine.adopt_orphan(tree, 102) == std::errc::too_many_files_open);
  }
  machine.told_orphans.clear();
  machine.tick();
  CHECK(machine.told_orphans.empty());
}

TEST_CASE("an orphan that is watched by itself is in the tree that it comes from, too", "[tree]") {
  ForestMachine machine;
  FakeFamilies& system = machine.system;
  system.fork(100, 101);
  system.fork(101, 102);
  system.fork(102, 103);
  system.end(101);
  const bool has_left_group = GENERATE(true, false);
  if (has_left_group) system.processes.at(102)->group = 101;
  std::optional<Forest::Tree> inner = machine.open(102);
  std::optional<Forest::Tree> outer = machine.open(100);
  if (has_left_group) CHECK_FALSE(machine.adopt_orphan(*outer, 102));
  system.burn(103, second);
  machine.tick();
  CHECK(machine.read(*inner).num_processes == Count(2U));
  const ProcessReading reading = machine.read(*outer);
  CHECK(reading.num_processes == Count(3U));
  CHECK(is_about(reading.cpu_time_ns, second));
  CHECK(system.opened == 3);
  SECTION("until the outer one is no longer watched") {
    outer.reset();
    system.burn(103, second);
    machine.tick();
    CHECK(is_about(machine.read(*inner).cpu_time_ns, 2 * second));
    CHECK(machine.forest.size() == 2);
    inner.reset();
    CHECK(machine.forest.size() == 0);
  }
  SECTION("also once it is no longer watched by itself") {
    inner.reset();
    machine.tick();
    CHECK(machine.read(*outer).num_processes == Count(3U));
    system.end(103);
    system.exit(102);
    machine.forest.note_collected({102, 101, second});
    system.reap(102);
    CHECK(is_about(machine.tick_and_read(*outer).cpu_time_ns, second));
  }
}

TEST_CASE("if the system does not tell who is newborn, nobody is told of as an orphan", "[tree]") {
  ForestMachine machine;
  machine.system.tells_newborns = false;
  Forest::Tree tree = machine.open(100);
  machine.system.fork(FakeFamilies::init, 101);
  machine.tick();
  CHECK(machine.told_orphans.empty());
}

TEST_CASE("only the leader of a group stands for it", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.fork(100, 101);
  const bool leads_group = GENERATE(true, false);
  if (leads_group) machine.system.processes.at(101)->group = 101;
  static_cast<void>(machine.tick_and_read(tree));
  if (leads_group) {
    machine.system.fork(101, 102);
    machine.system.end(101);
  } else {
    machine.system.end(101);
    machine.system.fork(FakeFamilies::init, 101);  // a stranger that leads a group
    machine.system.fork(101, 102);
    machine.system.end(101);
  }
  SECTION("in which an orphan is found") {
    CHECK(machine.tick_and_read(tree).num_processes == Count(leads_group ? 2U : 1U));
  }
  SECTION("of which an orphan has ended that was never seen") {
    machine.system.exit(102);
    machine.forest.note_collected({102, 101, 5 * second});
    machine.system.reap(102);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, leads_group ? 5 * second : 0));
  }
}

TEST_CASE("a process that was there as a stranger stays one", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.fork(FakeFamilies::init, 50);
  machine.system.fork(50, 60);
  machine.system.fork(60, 61);
  for (const ProcessId pid : {60, 61}) {
    machine.system.processes.at(pid)->group = 100;  // as in a pipeline
    machine.system.processes.at(pid)->was_there = true;
    machine.system.burn(pid, 100 * second);
  }
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.end(50);  // which leaves 60 to the leader of its group
  machine.context.recount_processes();
  SECTION("for a look at all processes") {
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(1U));
    CHECK(is_about(reading.cpu_time_ns, 0));
  }
  SECTION("if this program waits for it") {
    machine.system.exit(60);
    machine.forest.note_collected({60, 100, 100 * second});
    machine.system.reap(60);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 0));
  }
  SECTION("unless it may have been born in the tree while processes could not be read") {
    machine.system.has_unread = true;
    static_cast<void>(machine.tick_and_read(tree));
    machine.system.has_unread = false;
    machine.context.recount_processes();
    CHECK(machine.tick_and_read(tree).num_processes == Count(3U));
  }
}

TEST_CASE("what is there when a tree is opened counts from its start", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  machine.system.burn(101, 7 * second);
  machine.system.processes.at(101)->was_there = true;
  machine.system.processes.at(101)->parent = FakeFamilies::init;  // an orphan
  Forest::Tree tree = machine.open(100);
  CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 7 * second));
}

TEST_CASE("a PID that is used again is another process", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  Forest::Tree tree = machine.open(100);
  machine.system.burn(101, second);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.burn(100, 1);
  machine.system.end(101);
  SECTION("by a child of the same parent") {
    machine.system.fork(100, 101);
    machine.system.burn(101, 5);
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(2U));
    CHECK(is_about(reading.cpu_time_ns, second + 6));
  }
  SECTION("by a stranger") {
    machine.system.fork(FakeFamilies::init, 101);
    machine.system.burn(101, 100 * second);
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(1U));
    CHECK(is_about(reading.cpu_time_ns, second + 1));
  }
  SECTION("by a stranger that has a child already") {
    machine.system.fork(FakeFamilies::init, 101);
    machine.system.fork(101, 102);
    machine.system.burn(102, 100 * second);
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK(reading.num_processes == Count(1U));
    CHECK(is_about(reading.cpu_time_ns, second + 1));
  }
  SECTION("by a child of the same parent that has a child already, which is listed first") {
    machine.system.lists_all = true;
    machine.system.fork(100, 101);
    machine.system.fork(101, 90);
    machine.system.burn(90, 2 * second);
    machine.tick();
    machine.system.end(90);
    CHECK(machine.read(tree).num_processes == Count(2U));
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 3 * second + 1));
  }
  SECTION("by an orphan that this program waits for") {
    machine.system.fork(FakeFamilies::init, 101);
    machine.system.exit(101);
    machine.forest.note_collected({101, 100, second / 2});
    machine.system.reap(101);
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, second + second / 2 + 1));
  }
}

TEST_CASE("trees may lie within each other", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.burn(102, second);
  Forest::Tree inner = machine.open(101);
  {
    Forest::Tree outer = machine.open(100);
    machine.system.fork(102, 103);
    machine.tick();
    CHECK(machine.read(outer).num_processes == Count(4U));
    CHECK(machine.read(inner).num_processes == Count(3U));
    CHECK(machine.read(outer).cpu_time_ns == Nanoseconds(second));
    CHECK(machine.system.opened == 4);  // once for each process
  }
  machine.system.fork(103, 104);
  CHECK(machine.tick_and_read(inner).num_processes == Count(4U));
  CHECK(machine.forest.size() == 4);
  Forest::Tree again = machine.open(100);
  CHECK(machine.read(again).num_processes == Count(5U));
}

TEST_CASE("an inner tree ends within the outer one", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  Forest::Tree outer = machine.open(100);
  Forest::Tree inner = machine.open(101);
  machine.system.burn(101, second);
  static_cast<void>(machine.tick_and_read(outer));
  machine.system.burn(100, 1);
  machine.system.end(101);
  machine.tick();
  ProcessReading reading;
  CHECK(inner.read(reading) == ReadStatus::vanished);
  CHECK(machine.read(outer).num_processes == Count(2U));
  CHECK(is_about(machine.read(outer).cpu_time_ns, second + 1));
  machine.tick();
  CHECK(inner.read(reading) == ReadStatus::vanished);
}

TEST_CASE("where nothing is born and nobody has ended, no family is asked for", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  const std::uint64_t before = machine.system.family_reads;
  for (int i = 0; i < 10; ++i) {
    machine.system.burn(101, second);
    static_cast<void>(machine.tick_and_read(tree));
  }
  machine.system.fork(FakeFamilies::init, 300);  // a stranger
  static_cast<void>(machine.tick_and_read(tree));
  CHECK(machine.system.family_reads == before);
}

TEST_CASE("to open the tree of a child of this program takes no reading of its family", "[tree]") {
  ForestMachine machine;
  machine.system.own_process = machine.system.adopter;
  machine.system.processes.at(100)->group = 100;
  const Forest::Tree tree = machine.open(100);
  CHECK(machine.system.family_reads == 0);
}

TEST_CASE("a deep tree is read without recursion", "[tree]") {
  ForestMachine machine;
  constexpr ProcessId depth = 50'000;
  for (ProcessId i = 0; i < depth; ++i) machine.system.fork(100 + i, 101 + i);
  Forest::Tree tree = machine.open(100);
  CHECK(machine.tick_and_read(tree).num_processes == Count(50'001U));
}

TEST_CASE("a storm of births and ends is followed to the end", "[tree]") {
  ForestMachine machine;
  machine.system.lists_all = GENERATE(false, true);
  Forest::Tree tree = machine.open(100);
  std::minstd_rand random(7);
  std::vector<ProcessId> living{100};
  std::uint64_t used = 0;
  std::uint64_t reported = 0;
  ProcessId next = 1000;
  for (int i = 0; i < 3000; ++i) {
    const ProcessId pid = living[random() % living.size()];
    const std::uint64_t time = random() % 30'000'000;
    machine.system.burn(pid, time);
    used += time;
    if (random() % 2 == 0 || living.size() == 1) {
      machine.system.fork(pid, next);
      living.push_back(next++);
    } else {
      // A leaf ends. Its parent uses some CPU time and waits for it.
      const ProcessId leaf = living.back();
      living.pop_back();
      const ProcessId parent = machine.system.processes.at(leaf)->parent;
      machine.system.burn(parent, 1000);
      used += 1000;
      machine.system.end(leaf);
    }
    if (random() % 5 != 0) continue;
    const ProcessReading reading = machine.tick_and_read(tree);
    REQUIRE(reading.num_processes == Count(static_cast<std::uint32_t>(living.size())));
    REQUIRE(*reading.cpu_time_ns >= reported);
    reported = *reading.cpu_time_ns;
    REQUIRE(reported <= used);
    REQUIRE(reported + slack * (living.size() + 1) >= used);
  }
}

TEST_CASE("a registry follows a tree or a process, as it is told", "[tree][registry]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, 100);
  system.fork(100, 101);
  for (const ProcessId pid : {100, 101}) system.processes.at(pid)->read_bytes = 7;
  BasicRegistry<FakeFamilySampler> registry({.further_figures = {0}}, FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("alone", 100));
  REQUIRE_FALSE(registry.track("all", 100, {.scope = SampleScope::tree}));
  registry.tick();
  CHECK_FALSE(registry.latest("alone")->num_processes.has_value());
  CHECK(registry.latest("all")->num_processes == Count(2U));
  CHECK(registry.latest("all")->num_threads == Count(4U));
  CHECK(registry.snapshot().find("all")->sample().more[0] == Nanoseconds(14U));
  CHECK(registry.track("none", 555, {.scope = SampleScope::tree}) == std::errc::no_such_process);
}

TEST_CASE("a tree shows the system's count if it is more than its own sum", "[tree]") {
  ForestMachine machine;
  Nanoseconds count = second;
  Forest::Tree tree = machine.open(100, [&count] { return count; });
  CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(second));
  SECTION("as after members that nobody saw") {
    count = 5 * second;
    ProcessReading now;
    REQUIRE(tree.read_counters(now) == ReadStatus::ok);
    CHECK(now.cpu_time_ns == Nanoseconds(5 * second));
    CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(5 * second));
  }
  SECTION("and its own sum if that is more") {
    machine.system.fork(100, 101);
    machine.system.burn(101, 3 * second);
    CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(3 * second));
  }
  SECTION("and does not fall if the count is unknown") {
    count = {};
    CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(second));
  }
}

TEST_CASE("the count of a tree is asked for until no name has the tree", "[tree]") {
  ForestMachine machine;
  int asked = 0;
  Forest::Tree other = machine.open(100);
  {
    const Forest::Tree counted = machine.open(100, [&asked] {
      ++asked;
      return Nanoseconds(second);
    });
    CHECK(machine.tick_and_read(other).cpu_time_ns == Nanoseconds(second));
  }
  static_cast<void>(machine.tick_and_read(other));
  CHECK(asked == 2);
  { const Forest::Tree released = std::move(other); }
  Forest::Tree again = machine.open(100);
  static_cast<void>(machine.tick_and_read(again));
  CHECK(asked == 2);
}

TEST_CASE("a child that cannot be opened for lack of descriptors joins once it can", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(100, 101);
  machine.system.is_short = true;
  for (int i = 0; i < 3; ++i) {
    const ProcessReading reading = machine.tick_and_read(tree);
    CHECK_FALSE(reading.num_processes.has_value());
    CHECK_FALSE(reading.memory_rss_bytes.has_value());
    CHECK_FALSE(reading.cpu_time_ns.has_value());
  }
  machine.system.is_short = false;
  SECTION("as it was") {
    CHECK(machine.tick_and_read(tree).num_processes == Count(2U));
  }
  SECTION("as an orphan by now") {
    machine.system.fork(101, 102);
    machine.system.end(101);
    CHECK(machine.tick_and_read(tree).num_processes == Count(2U));
  }
}

TEST_CASE("the figures of a tree are unknown while new processes cannot be read", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.has_unread = true;
  machine.system.burn(100, second);
  const ProcessReading reading = machine.tick_and_read(tree);
  CHECK_FALSE(reading.num_processes.has_value());
  CHECK_FALSE(reading.cpu_time_ns.has_value());
  machine.system.has_unread = false;
  CHECK(machine.tick_and_read(tree).num_processes == Count(1U));
}

TEST_CASE("children that were missed count even if their parent cannot be asked at once",
          "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(100, 101);
  machine.system.burn(101, 3 * second);
  machine.system.burn(100, 1);
  machine.system.end(101);
  SECTION("although its CPU time is known") {
    machine.system.is_short = true;
  }
  SECTION("because nothing of it is known") {
    machine.system.is_short = true;
    machine.system.processes.at(100)->tells_cpu_time = false;
  }
  static_cast<void>(machine.tick_and_read(tree));
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.is_short = false;
  machine.system.processes.at(100)->tells_cpu_time = true;
  CHECK(machine.tick_and_read(tree).cpu_time_ns == Nanoseconds(3 * second + 1));
}

TEST_CASE("what this program reaps counts once if it is a member itself", "[tree]") {
  ForestMachine machine;
  machine.system.own_process = 100;
  machine.system.adopter = 100;
  machine.system.fork(100, 101);
  machine.system.processes.at(101)->group = 101;
  machine.system.fork(101, 102);
  Forest::Tree all = machine.open(100);
  Forest::Tree inner = machine.open(101);
  machine.system.burn(102, second);
  static_cast<void>(machine.tick_and_read(all));
  const auto collect = [&](const EndedChild& child) {
    machine.system.exit(child.pid);
    machine.forest.note_collected(child);
    machine.system.reap(child.pid);
  };
  std::uint64_t in_all = second;
  std::uint64_t in_inner = second;
  SECTION("a member") {
    machine.system.fork(100, 103);
    machine.system.burn(103, 2 * second);
    static_cast<void>(machine.tick_and_read(all));
    machine.system.burn(103, second);
    collect({103, 100, 3 * second});
    in_all += 3 * second;
  }
  SECTION("a child that was never seen") {
    machine.system.fork(100, 103);
    machine.system.burn(103, 3 * second);
    collect({103, 100, 3 * second});
    in_all += 3 * second;
  }
  SECTION("an orphan of a tree below, which keeps it") {
    machine.system.fork(102, 103);
    machine.system.burn(103, second);
    static_cast<void>(machine.tick_and_read(all));
    machine.system.end(102);
    static_cast<void>(machine.tick_and_read(all));
    machine.system.burn(103, 2 * second);
    collect({103, 101, 3 * second});
    in_all += 3 * second;
    in_inner += 3 * second;
  }
  SECTION("an orphan of a tree below that was never seen") {
    machine.system.fork(102, 103);
    machine.system.burn(103, 3 * second);
    machine.system.end(102);
    collect({103, 101, 3 * second});
    in_all += 3 * second;
    in_inner += 3 * second;
  }
  CHECK(is_about(machine.read_now(all), in_all));
  CHECK(is_about(machine.read_now(inner), in_inner));
  CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, in_all));
  CHECK(is_about(machine.read(inner).cpu_time_ns, in_inner));
  machine.system.burn(100, 5 * second);
  machine.system.burn(101, second);
  CHECK(is_about(machine.read_now(all), in_all + 6 * second));
  CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, in_all + 6 * second));
  CHECK(is_about(machine.read(inner).cpu_time_ns, in_inner + second));
  if (machine.system.processes.contains(102)) machine.system.end(102);
  collect({101, 101, machine.system.processes.at(101)->cpu_ns});
  CHECK(is_about(machine.read_now(all), in_all + 6 * second));
  for (int i = 0; i < 3; ++i) {
    CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, in_all + 6 * second));
  }
}

TEST_CASE("an orphan that was reaped farther up stays in the account of its tree", "[tree]") {
  ForestMachine machine;
  machine.system.adopter = 100;  // as if it were a subreaper
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.fork(102, 103);
  Forest::Tree all = machine.open(100);
  Forest::Tree inner = machine.open(101);
  machine.system.burn(103, 3 * second);
  static_cast<void>(machine.tick_and_read(all));
  machine.system.end(102);
  static_cast<void>(machine.tick_and_read(all));
  machine.system.end(103);
  CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, 3 * second));
  CHECK(is_about(machine.read(inner).cpu_time_ns, 3 * second));
  machine.system.burn(101, second);
  CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, 4 * second));
  CHECK(is_about(machine.read(inner).cpu_time_ns, 4 * second));
}

TEST_CASE("an orphan counts once if its new parent is watched after it was adopted", "[tree]") {
  ForestMachine machine;
  machine.system.adopter = 100;
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.fork(102, 103);
  Forest::Tree inner = machine.open(101);
  machine.system.burn(103, 3 * second);
  static_cast<void>(machine.tick_and_read(inner));
  machine.system.end(102);
  static_cast<void>(machine.tick_and_read(inner));
  Forest::Tree all = machine.open(100);
  static_cast<void>(machine.tick_and_read(all));
  machine.system.end(103);
  machine.system.fork(100, 104);
  machine.system.end(104);  // never seen, so the leader is asked for its children
  machine.system.burn(100, 1);
  CHECK(is_about(machine.tick_and_read(all).cpu_time_ns, 3 * second + 1));
  CHECK(is_about(machine.read(inner).cpu_time_ns, 3 * second));
}

TEST_CASE("members born since the tick count at a scrape", "[tree]") {
  ForestMachine machine;
  Forest::Tree tree = machine.open(100);
  machine.system.burn(100, second);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(100, 101);
  machine.system.fork(101, 102);
  machine.system.burn(102, 3 * second);
  machine.forest.look_for_births();
  CHECK(machine.read_now(tree) == Nanoseconds(4 * second));
  SECTION("and still do once they were waited for") {
    machine.system.burn(101, second);
    machine.system.end(102);
    CHECK(is_about(machine.read_now(tree), 5 * second));
    machine.system.end(101);
    CHECK(is_about(machine.read_now(tree), 5 * second));
    machine.system.burn(100, 1);
    CHECK(is_about(machine.read_now(tree), 5 * second + 1));
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 5 * second + 1));
  }
  SECTION("and still do if nobody has waited for them") {
    machine.system.exit(102);
    machine.system.reap(102, true);
    CHECK(is_about(machine.read_now(tree), 4 * second));
    CHECK(is_about(machine.tick_and_read(tree).cpu_time_ns, 4 * second));
  }
}

TEST_CASE("a registry looks for births at a scrape, and its counters never fall",
          "[tree][registry]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, 100);
  BasicRegistry<FakeFamilySampler> registry({.further_figures = {0}}, FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("all", 100, {.scope = SampleScope::tree}));
  registry.tick();
  const auto now = [&] { return registry.read_counters().sample(0).metrics.cpu_time_ns; };
  CHECK(now() == Nanoseconds(0U));
  system.fork(100, 101);
  system.burn(101, 3 * second);
  CHECK(now() == Nanoseconds(3 * second));
  system.burn(101, 5'000'000);
  CHECK(now() == Nanoseconds(3 * second + 5'000'000));
  system.end(101);
  CHECK(now() == Nanoseconds(3 * second + 5'000'000));
  registry.tick();
  CHECK(now() == Nanoseconds(3 * second + 5'000'000));
}

TEST_CASE("threads of the kernel have no memory, whatever else is watched", "[tree]") {
  ForestMachine machine;
  machine.system.fork(0, 2);
  machine.system.fork(2, 3);
  for (const ProcessId pid : {2, 3}) {
    machine.system.processes.at(pid)->has_memory = false;
    machine.system.processes.at(pid)->is_kernel_thread = true;
  }
  SECTION("the inner tree is watched first") {
    Forest::Tree inner = machine.open(3);
    Forest::Tree outer = machine.open(2);
    machine.tick();
    CHECK_FALSE(machine.read(inner).memory_rss_bytes.has_value());
    CHECK_FALSE(machine.read(outer).memory_rss_bytes.has_value());
    CHECK(machine.read(outer).num_processes == Count(2U));
  }
  SECTION("the outer tree is watched first") {
    Forest::Tree outer = machine.open(2);
    Forest::Tree inner = machine.open(3);
    machine.tick();
    CHECK_FALSE(machine.read(inner).memory_rss_bytes.has_value());
    CHECK_FALSE(machine.read(outer).memory_rss_bytes.has_value());
  }
}

TEST_CASE("a member that is ending and has released its memory adds nothing", "[tree]") {
  ForestMachine machine;
  machine.system.fork(100, 101);
  Forest::Tree tree = machine.open(100);
  machine.system.processes.at(101)->has_memory = false;
  CHECK(machine.tick_and_read(tree).memory_rss_bytes == Nanoseconds(100U));
}
