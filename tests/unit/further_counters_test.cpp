// Further figures of a tree. Their counters are accounted for like CPU time.
#include "support/fake_families.hpp"

#include <provisr/detail/process_forest.hpp>
#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace provisr;
using provisr::test::FakeFamilies;
using provisr::test::FakeFamilyContext;
using provisr::test::FakeFamilySampler;

namespace {

using Forest = detail::ProcessForest<FakeFamilySampler>;
using Value = Figure<std::uint64_t>;

constexpr std::size_t io = further_slot<figures>("io_read_bytes");
constexpr std::size_t faults = further_slot<figures>("major_faults");
constexpr std::size_t switches = further_slot<figures>("voluntary_switches");
constexpr std::size_t peak = further_slot<figures>("memory_peak");
constexpr std::size_t pss = further_slot<figures>("memory_pss");
constexpr ProcessId leader = 100;

using CounterRow = std::array<Value, 8>;

/// A machine with a tree whose leader is 100, and the figures to collect.
struct CountingMachine {
  explicit CountingMachine(FurtherFigures figures_asked) : asked(figures_asked) {
    system.fork(FakeFamilies::init, leader);
  }

  Forest::Tree open(ProcessId pid = leader) {
    std::error_code error;
    auto tree = forest.open(pid, error);
    REQUIRE_FALSE(error);
    return std::move(*tree);
  }
  CounterRow tick_and_read(Forest::Tree& tree) {
    context.begin_tick();
    forest.begin_tick();
    return read(tree);
  }
  CounterRow read(Forest::Tree& tree) const {
    CounterRow row;
    ProcessReading reading;
    reading.more = {.slots = row, .asked = asked};
    REQUIRE(tree.read(reading) == ReadStatus::ok);
    return row;
  }
  CounterRow read_now(Forest::Tree& tree) const {
    CounterRow row;
    ProcessReading reading;
    reading.more = {.slots = row, .asked = asked};
    REQUIRE(tree.read_counters(reading) == ReadStatus::ok);
    return row;
  }
  FakeFamilies::Process& of(ProcessId pid) { return *system.processes.at(pid); }
  void use(ProcessId pid, std::uint64_t amount) {
    of(pid).read_bytes += amount;
    of(pid).faults += amount;
    of(pid).switches += amount;
  }

  FurtherFigures asked;
  FakeFamilies system;
  FakeFamilyContext context{system};
  Forest forest{context, asked};
};

}  // namespace

TEST_CASE("the counters of members that were waited for are not lost and not counted twice",
          "[tree][collect]") {
  CountingMachine machine({io, faults, switches});
  Forest::Tree tree = machine.open();
  machine.system.fork(leader, 101);
  machine.system.fork(101, 102);
  machine.use(leader, 1);
  machine.use(101, 20);
  machine.use(102, 300);
  CounterRow row = machine.tick_and_read(tree);
  for (const std::size_t slot : {io, faults, switches}) CHECK(row[slot] == Value(321U));
  CHECK_FALSE(row[peak].has_value());
  SECTION("one after the other") {
    machine.use(102, 1000);  // not sampled before 102 ends
    machine.system.burn(101, 1);
    machine.system.end(102);
    row = machine.tick_and_read(tree);
    CHECK(row[io] == Value(1321U));
    CHECK(row[faults] == Value(1321U));
    CHECK(row[switches] == Value(321U));  // the system does not add up those of children
    machine.system.burn(leader, 1);
    machine.system.end(101);
    CHECK(machine.tick_and_read(tree) == row);
  }
  SECTION("all between two ticks") {
    machine.system.burn(101, 1);
    machine.system.end(102);
    machine.system.burn(leader, 1);
    machine.system.end(101);
    CHECK(machine.tick_and_read(tree) == row);
  }
  SECTION("seen as zombies") {
    machine.use(102, 1000);
    machine.system.exit(102);
    row = machine.tick_and_read(tree);
    for (const std::size_t slot : {io, faults, switches}) CHECK(row[slot] == Value(1321U));
    machine.system.reap(102);  // by process 1
    CHECK(machine.tick_and_read(tree) == row);
  }
}

TEST_CASE("children that are never seen count once they were waited for", "[tree][collect]") {
  CountingMachine machine({io, faults});
  Forest::Tree tree = machine.open();
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.fork(leader, 101);
  machine.use(101, 50);
  machine.system.burn(leader, 1);
  machine.system.end(101);
  const CounterRow row = machine.tick_and_read(tree);
  CHECK(row[io] == Value(50U));
  CHECK(row[faults] == Value(50U));
}

TEST_CASE("counters of which nobody in the tree takes over the account are kept as last known",
          "[tree][collect]") {
  CountingMachine machine({io, faults, switches});
  Forest::Tree tree = machine.open();
  machine.system.fork(leader, 101);
  machine.system.fork(101, 102);
  machine.use(101, 20);
  machine.use(102, 300);
  CounterRow row = machine.tick_and_read(tree);
  SECTION("children of a parent that ignores them") {
    machine.system.exit(102);
    machine.system.reap(102, true);
  }
  SECTION("orphans") {
    machine.system.burn(leader, 1);
    machine.system.end(101);
    CHECK(machine.tick_and_read(tree) == row);
    machine.system.end(102);
  }
  SECTION("orphans that this program waits for, to the last one") {
    machine.system.burn(leader, 1);
    machine.system.end(101);
    static_cast<void>(machine.tick_and_read(tree));
    machine.use(102, 1000);
    machine.system.exit(102);
    EndedChild child{.pid = 102, .process_group = leader};
    child.further[faults] = 1300U;
    child.further[switches] = 1300U;
    machine.forest.note_collected(child);
    machine.system.reap(102);
    for (const std::size_t slot : {io, faults, switches}) row[slot] = 1320U;
  }
  SECTION("orphans that were never seen, by their group") {
    machine.system.fork(FakeFamilies::init, 150);
    machine.of(150).read_bytes = 5;
    machine.system.exit(150);
    EndedChild child{.pid = 150, .process_group = leader};
    child.further[faults] = 5U;
    child.further[switches] = 5U;
    machine.forest.note_collected(child);
    machine.system.reap(150);
    for (const std::size_t slot : {io, faults, switches}) row[slot] = 325U;
  }
  CHECK(machine.tick_and_read(tree) == row);
}

TEST_CASE("an orphan's account of children that were seen does not count twice",
          "[tree][collect]") {
  CountingMachine machine({io, faults, switches});
  Forest::Tree tree = machine.open();
  machine.system.fork(leader, 101);
  machine.system.fork(101, 102);
  machine.system.fork(102, 103);
  machine.use(102, 20);
  machine.use(103, 300);
  static_cast<void>(machine.tick_and_read(tree));
  machine.system.burn(leader, 1);
  machine.system.end(101);
  const bool is_end_of_child_seen = GENERATE(true, false);
  machine.system.end(103);  // 102 waits for it
  if (is_end_of_child_seen) static_cast<void>(machine.tick_and_read(tree));
  machine.system.exit(102);
  EndedChild child{.pid = 102, .process_group = leader};
  child.further[faults] = 320U;
  child.further[switches] = 320U;
  machine.forest.note_collected(child);
  machine.system.reap(102);
  const CounterRow row = machine.tick_and_read(tree);
  for (const std::size_t slot : {io, faults, switches}) CHECK(row[slot] == Value(320U));
}

TEST_CASE("a member that is waited for while the tree is read does not count twice",
          "[tree][collect]") {
  CountingMachine machine({io, faults});
  Forest::Tree tree = machine.open();
  machine.system.fork(leader, 101);
  machine.system.fork(leader, 102);
  machine.use(leader, 1);
  machine.use(101, 20);
  machine.use(102, 300);
  const CounterRow before = machine.tick_and_read(tree);
  machine.use(101, 20);
  bool is_armed = true;
  const auto end_before_the_parent_is_read = [&](ProcessId pid) {
    if (pid != leader || !std::exchange(is_armed, false)) return;
    machine.system.burn(leader, 1);
    machine.system.end(101);
  };
  CHECK(before[io] == Value(321U));
  SECTION("at a tick") {
    machine.system.before_reading = end_before_the_parent_is_read;
    CHECK(machine.tick_and_read(tree)[io] == Value(341U));
  }
  SECTION("as a zombie") {
    machine.system.exit(101);
    machine.system.before_reading = [&](ProcessId pid) {
      if (pid != leader || !std::exchange(is_armed, false)) return;
      machine.system.processes.at(101)->parent = leader;
      machine.system.burn(leader, 1);
      machine.system.reap(101);
    };
    CHECK(machine.tick_and_read(tree)[io] == Value(341U));
  }
  SECTION("between two ticks") {
    machine.system.before_reading = end_before_the_parent_is_read;
    CHECK(machine.read_now(tree)[io] == Value(341U));
  }
  CHECK(machine.tick_and_read(tree)[io] == Value(341U));
  CHECK(machine.read_now(tree)[io] == Value(341U));
}

TEST_CASE("the counters of a tree are read between two ticks", "[tree][collect]") {
  CountingMachine machine({io, faults, switches, peak});
  Forest::Tree tree = machine.open();
  machine.system.fork(leader, 101);
  machine.system.fork(leader, 102);
  machine.use(101, 20);
  machine.use(102, 300);
  static_cast<void>(machine.tick_and_read(tree));
  machine.use(101, 5);
  CounterRow row = machine.read_now(tree);
  for (const std::size_t slot : {io, faults, switches}) CHECK(row[slot] == Value(325U));
  machine.system.end(102);
  row = machine.read_now(tree);
  for (const std::size_t slot : {io, faults, switches}) CHECK(row[slot] == Value(325U));
  machine.system.fork(leader, 103);
  machine.use(103, 7);
  machine.system.burn(leader, 1);
  machine.system.end(103);
  row = machine.read_now(tree);
  for (const std::size_t slot : {io, faults}) CHECK(row[slot] == Value(332U));
  machine.system.exit(101);
  CHECK(machine.read_now(tree) == row);
}

TEST_CASE("the peak of a tree is the most that was there at one time", "[tree][collect]") {
  CountingMachine machine({peak});
  machine.system.fork(leader, 101);
  Forest::Tree tree = machine.open();
  CHECK(machine.tick_and_read(tree)[peak] == Value(200U));
  SECTION("of all members") {
    machine.of(101).rss = 5000;
    CHECK(machine.tick_and_read(tree)[peak] == Value(5100U));
  }
  SECTION("of one that was seen by the system alone") {
    machine.of(101).peak = 5100;
    CHECK(machine.tick_and_read(tree)[peak] == Value(5100U));
  }
  machine.system.end(101);
  CHECK(machine.tick_and_read(tree)[peak] == Value(5100U));
}

TEST_CASE("a figure that is still being read is absent, then summed up", "[tree][collect]") {
  CountingMachine machine({pss});
  machine.system.fork(leader, 101);
  machine.of(leader).pss = {};
  machine.of(101).pss = {};
  Forest::Tree tree = machine.open();
  CHECK_FALSE(machine.tick_and_read(tree)[pss].has_value());
  machine.of(leader).pss = 50U;
  CHECK_FALSE(machine.tick_and_read(tree)[pss].has_value());  // 101 is still being read
  machine.of(101).pss = 7U;
  CHECK(machine.tick_and_read(tree)[pss] == Value(57U));
  machine.system.fork(leader, 102);
  machine.of(102).pss = {};
  CHECK(machine.tick_and_read(tree)[pss] == Value(57U));
  CHECK(machine.tick_and_read(tree)[pss] == Value(57U));
  machine.of(102).pss = 3U;
  CHECK(machine.tick_and_read(tree)[pss] == Value(60U));
}

TEST_CASE("a tree whose members come and go has a proportional size", "[tree][collect]") {
  CountingMachine machine({pss});
  Forest::Tree tree = machine.open();
  for (ProcessId pid = 101; pid < 105; ++pid) {
    machine.system.fork(leader, pid);
    machine.of(pid).pss = {};
    const CounterRow row = machine.tick_and_read(tree);
    CHECK(row[pss] == Value(50U));
    machine.system.end(pid);
  }
}

TEST_CASE("counters that one member does not tell are absent, and said once", "[tree][collect]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, leader);
  system.fork(leader, 101);
  system.processes.at(leader)->read_bytes = 4;
  std::vector<std::string> lines;
  RegistryOptions options{.further_figures = {io, faults}};
  options.diagnostics = [&](const Diagnostic& diagnostic) {
    CHECK(diagnostic.severity == Severity::debug);
    lines.emplace_back(diagnostic.message);
  };
  BasicRegistry<FakeFamilySampler> registry(std::move(options), FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("all", leader, {.scope = SampleScope::tree}));
  const auto figure = [&](std::size_t slot) {
    registry.tick();
    return registry.snapshot().find("all")->sample().more[slot];
  };
  CHECK(figure(io) == Value(4U));
  system.processes.at(101)->tells_io = false;
  CHECK_FALSE(figure(io).has_value());
  CHECK(figure(faults) == Value(0U));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("io_read_bytes unknown: "));
  CHECK(registry.read_errors().of(ReadErrorKind::permission) == 2);
  system.processes.at(101)->tells_io = true;
  CHECK(figure(io) == Value(4U));
}

namespace {

constexpr auto with_shared = with_figures(
    figures, FigureRow{FigureInfo{"memory_shared", "memory_shared", "my_shared_bytes", Unit::bytes,
                                  FigureKind::level, FigureCost::asked, "Shared.", "shared"},
                       FurtherFigure{}});
constexpr std::size_t shared = further_slot<with_shared>("memory_shared");

/// As FakeFamilySampler, with a figure that was appended to the table.
struct SharedMemorySampler {
  using Context = FakeFamilyContext;

  static std::optional<SharedMemorySampler> open(Context& context, ProcessId pid,
                                                 std::error_code& error) {
    auto known = FakeFamilySampler::open(context, pid, error);
    return known ? std::optional(SharedMemorySampler{std::move(*known)}) : std::nullopt;
  }
  ReadStatus read(ProcessReading& reading) noexcept {
    const ReadStatus status = known.read(reading);
    if (status == ReadStatus::ok && reading.more.asks_for(shared)) reading.more.set(shared, 4096);
    return status;
  }
  ReadStatus read_family(FamilyReading& reading) noexcept { return known.read_family(reading); }
  ReadStatus read_family(FamilyReading& reading, const Descent& found) noexcept {
    return known.read_family(reading, found);
  }

  FakeFamilySampler known;
};

/// As FakeFamilySampler, but leaves the further figures of process 100 alone.
struct SilentSampler {
  using Context = FakeFamilyContext;

  static std::optional<SilentSampler> open(Context& context, ProcessId pid,
                                           std::error_code& error) {
    auto known = FakeFamilySampler::open(context, pid, error);
    return known ? std::optional(SilentSampler{pid, std::move(*known)}) : std::nullopt;
  }
  ReadStatus read(ProcessReading& reading) noexcept {
    if (pid != leader) return known.read(reading);
    ProcessReading without_further;
    const ReadStatus status = known.read(without_further);
    without_further.more = reading.more;
    reading = without_further;
    return status;
  }
  ReadStatus read_family(FamilyReading& reading) noexcept { return known.read_family(reading); }
  ReadStatus read_family(FamilyReading& reading, const Descent& found) noexcept {
    return known.read_family(reading, found);
  }

  ProcessId pid;
  FakeFamilySampler known;
};

}  // namespace

TEST_CASE("a tree has no figures that were appended to the table", "[tree][collect]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, leader);
  BasicRegistry<SharedMemorySampler> registry({.further_figures = {io, shared}},
                                              FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("process", leader));
  REQUIRE_FALSE(registry.track("tree", leader, {.scope = SampleScope::tree}));
  registry.tick();
  const Snapshot snapshot = registry.snapshot();
  const auto row_of = [&](std::string_view name) { return snapshot.find(name)->sample().more; };
  CHECK(row_of("process")[shared] == Value(4096U));
  for (std::size_t slot = 0; slot < row_of("tree").size(); ++slot) {
    CAPTURE(slot);
    CHECK(row_of("tree")[slot].has_value() == (slot == io));
  }
  std::string text;
  write_prometheus<with_shared>(snapshot, text);
  CHECK(text.find("my_shared_bytes{name=\"process\"} 4096\n") != std::string::npos);
  CHECK(text.find("my_shared_bytes{name=\"tree\"}") == std::string::npos);
}

TEST_CASE("a figure that a sampler leaves out for a member is not that of another member",
          "[tree][collect]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, leader);
  system.fork(leader, 101);
  BasicRegistry<SilentSampler> registry({.further_figures = {io, peak, switches}},
                                        FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("tree", leader, {.scope = SampleScope::tree}));
  for (int tick = 0; tick < 2; ++tick) {
    registry.tick();
    const Snapshot snapshot = registry.snapshot();
    for (const std::size_t slot : {io, peak, switches}) {
      CHECK_FALSE(snapshot.find("tree")->sample().more[slot].has_value());
    }
  }
}

TEST_CASE("a level goes down at a scrape, too", "[counters][collect]") {
  FakeFamilies system;
  system.fork(FakeFamilies::init, leader);
  BasicRegistry<FakeFamilySampler> registry({.further_figures = {io, pss}},
                                            FakeFamilyContext(system));
  REQUIRE_FALSE(registry.track("app", leader));
  registry.tick();
  CHECK(registry.read_counters().sample(0).more[pss] == Value(50U));
  system.processes.at(leader)->pss = 30U;
  system.processes.at(leader)->read_bytes = 9U;
  registry.tick();
  CHECK(registry.read_counters().sample(0).more[pss] == Value(30U));
  CHECK(registry.read_counters().sample(0).more[io] == Value(9U));
}

TEST_CASE("counters never fall and lose nothing in a storm of workers", "[tree][collect]") {
  CountingMachine machine({io, faults, switches});
  Forest::Tree tree = machine.open();
  std::minstd_rand random(11);
  std::vector<ProcessId> living{leader};
  std::uint64_t used = 0;
  ProcessId next = 1000;
  for (int i = 0; i < 3000; ++i) {
    const ProcessId pid = living[random() % living.size()];
    const std::uint64_t amount = random() % 1000;
    machine.use(pid, amount);
    machine.system.burn(pid, 1000);
    used += amount;
    if (random() % 2 == 0 || living.size() == 1) {
      machine.system.fork(pid, next);
      living.push_back(next++);
    } else {
      const ProcessId leaf = living.back();
      living.pop_back();
      machine.system.burn(machine.of(leaf).parent, 1000);
      machine.system.end(leaf);
    }
    if (random() % 5 != 0) continue;
    const CounterRow row = random() % 3 == 0 ? machine.read_now(tree) : machine.tick_and_read(tree);
    for (const std::size_t slot : {io, faults, switches}) REQUIRE(*row[slot] <= used);
  }
  const CounterRow row = machine.tick_and_read(tree);
  CHECK(row[io] == Value(used));
  CHECK(row[faults] == Value(used));
}

TEST_CASE("whenever members end while the tree is read, none counts twice", "[tree][collect]") {
  CountingMachine machine({io, faults});
  Forest::Tree tree = machine.open();
  std::minstd_rand random(GENERATE(1U, 2U, 3U, 4U));
  std::vector<ProcessId> living{leader};
  std::uint64_t used = 0;
  ProcessId next = 1000;
  const auto work = [&] {
    const ProcessId pid = living[random() % living.size()];
    machine.use(pid, 100 + random() % 1000);
    machine.system.burn(pid, 1000);
  };
  const auto fork = [&] {
    machine.system.fork(living[random() % living.size()], next);
    living.push_back(next++);
  };
  const auto end = [&] {
    if (living.size() == 1) return;
    const ProcessId leaf = living.back();
    living.pop_back();
    machine.system.burn(machine.of(leaf).parent, 1000);
    machine.system.end(leaf);
  };
  const auto total = [&] {
    used = 0;
    for (const ProcessId pid : living) used += machine.of(pid).read_bytes;
    return used;
  };
  machine.system.before_reading = [&](ProcessId) {
    if (random() % 4 == 0) end();
    if (random() % 4 == 0) work();
  };
  for (int round = 0; round < 2000; ++round) {
    for (std::uint64_t i = random() % 6; i > 0; --i) fork();
    for (std::uint64_t i = random() % 4; i > 0; --i) work();
    const CounterRow row = random() % 3 == 0 ? machine.read_now(tree) : machine.tick_and_read(tree);
    REQUIRE(*row[io] <= total());
  }
  machine.system.before_reading = [](ProcessId) {};
  static_cast<void>(machine.tick_and_read(tree));
  CHECK(machine.tick_and_read(tree)[io] == Value(total()));
}

TEST_CASE("the counters of what this program reaps count once if it is a member itself",
          "[tree][collect]") {
  CountingMachine machine(further_group<figures>("io") | further_group<figures>("faults") |
                          further_group<figures>("switches"));
  machine.system.own_process = leader;
  machine.system.adopter = leader;
  machine.system.fork(leader, 101);
  machine.system.processes.at(101)->group = 101;
  machine.system.fork(101, 102);
  Forest::Tree tree = machine.open();
  Forest::Tree inner = machine.open(101);
  machine.use(leader, 10);
  machine.use(102, 100);
  machine.tick_and_read(tree);
  const auto collect = [&](const EndedChild& child) {
    machine.system.exit(child.pid);
    machine.forest.note_collected(child);
    machine.system.reap(child.pid);
  };
  const auto child_of = [](ProcessId pid, ProcessId group, std::uint64_t used) {
    EndedChild child{.pid = pid, .process_group = group};
    child.further[faults] = child.further[switches] = used;
    return child;
  };
  std::uint64_t in_all = 110;
  std::uint64_t in_inner = 100;
  SECTION("a member") {
    machine.system.fork(leader, 103);
    machine.use(103, 1000);
    machine.tick_and_read(tree);
    machine.use(103, 1000);
    collect(child_of(103, leader, 2000));
    in_all += 2000;
  }
  SECTION("a child that was never seen") {
    machine.system.fork(leader, 103);
    machine.use(103, 2000);
    collect(child_of(103, leader, 2000));
    in_all += 2000;
  }
  SECTION("an orphan of a tree below, which keeps it") {
    machine.system.fork(102, 103);
    machine.use(103, 1000);
    machine.tick_and_read(tree);
    machine.system.end(102);
    machine.tick_and_read(tree);
    machine.use(103, 1000);
    collect(child_of(103, 101, 2000));
    in_all += 2000;
    in_inner += 2000;
  }
  SECTION("an orphan of a tree below that was never seen") {
    machine.system.fork(102, 103);
    machine.use(103, 2000);
    machine.system.end(102);
    collect(child_of(103, 101, 2000));
    in_all += 2000;
    in_inner += 2000;
  }
  for (int i = 0; i < 3; ++i) {
    const CounterRow all = machine.tick_and_read(tree);
    const CounterRow below = machine.read(inner);
    for (const std::size_t slot : {io, faults, switches}) {
      CAPTURE(i, slot);
      CHECK(all[slot] == Value(in_all));
      CHECK(below[slot] == Value(in_inner));
      CHECK(machine.read_now(tree)[slot] == Value(in_all));
    }
  }
}
