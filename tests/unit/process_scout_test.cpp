#include "daemon/supervisor/process_scout.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;

namespace {

/// A fake machine whose processes have arguments only.
struct ScoutedMachine {
  struct Process {
    std::uint64_t started_at;
    std::string args;
    ProcessId parent = 1;
  };
  std::map<ProcessId, Process> processes;
  std::vector<ProcessId> born;     ///< since the last listing
  bool lists_all = false;          ///< as on systems that cannot list births
  bool is_short = false;           ///< of descriptors: a whole listing lacks the last processes
  std::set<ProcessId> unreadable;  ///< as descriptors are short
  std::set<ProcessId> without_ancestors;
  bool was_short = false;
  int reads = 0;
  int whole_listings = 0;
  std::vector<Descent> listed;

  void start(ProcessId pid, std::string args, std::uint64_t started_at = 1, ProcessId parent = 1) {
    processes[pid] = {started_at, std::move(args), parent};
    born.push_back(pid);
  }

  ScoutSources sources() {
    return {.list = [this](bool all) { return list(all || lists_all); },
            .read = [this](ProcessId pid, const FactSet& wanted) { return read(pid, wanted); },
            .ancestors_of = [this](const ProcessFacts& facts) { return ancestors_of(facts); },
            .was_short = [this] { return was_short; },
            .own_pid = 4711};
  }

  ScoutSources::Listing list(bool all) {
    listed.clear();
    if (all) {
      ++whole_listings;
      for (const auto& [pid, process] : processes) {
        const bool is_newborn = std::find(born.begin(), born.end(), pid) != born.end();
        listed.push_back({.pid = pid, .parent = process.parent, .is_newborn = is_newborn});
      }
      if (is_short) listed.resize(1);
    } else {
      for (const ProcessId pid : born) listed.push_back({pid, 1, 0});
    }
    born.clear();
    return {.processes = listed, .is_whole = all, .lacks_some = is_short};
  }
  std::optional<ProcessFacts> read(ProcessId pid, const FactSet& wanted) {
    CHECK(wanted == FactSet{.args = true});
    ++reads;
    was_short = unreadable.contains(pid);
    if (was_short) return std::nullopt;
    const auto found = processes.find(pid);
    if (found == processes.end()) return std::nullopt;
    ProcessFacts facts{.key = {pid, found->second.started_at}, .parent = found->second.parent};
    facts.args = found->second.args;
    return facts;
  }
  std::vector<ProcessKey> ancestors_of(const ProcessFacts& facts) {
    was_short = without_ancestors.contains(facts.key.pid);
    const auto found = processes.find(facts.parent);
    if (found == processes.end()) return {};
    return {{facts.parent, found->second.started_at}};
  }
};

std::shared_ptr<const MatchRules> rules() {
  ProcessConfig worker;
  worker.name = "worker-{1}";
  worker.match = ProcessMatch{.unit = {}, .cgroup = {}, .exe = {}, .args = "worker *", .user = {}};
  ProcessConfig any;
  any.name = "any";
  any.match = ProcessMatch{.unit = {}, .cgroup = {}, .exe = {}, .args = "*er *", .user = {}};
  return std::make_shared<const MatchRules>(std::vector{worker, any});
}

struct ScoutWorld {
  ScoutedMachine machine;
  ProcessScout scout{machine.sources()};
  ScoutWorld() { scout.set_rules(rules(), 1); }

  /// Returns the bases and rules of sightings: "worker-a@0 any@1". A process that no longer fits is
  /// "-".
  std::string look(bool all = false) {
    std::string text;
    for (const Sighting& sighting : scout.look(all).sightings) {
      if (!text.empty()) text += ' ';
      text +=
          sighting.match ? sighting.match->base + "@" + std::to_string(sighting.match->rule) : "-";
    }
    return text;
  }
  void enter_final_phase() {
    for (int i = 0; i < 3; ++i) static_cast<void>(look());
  }
};

}  // namespace

TEST_CASE("at first all processes are looked at, and the first rule that fits wins", "[match]") {
  ScoutWorld world;
  world.machine.start(10, "worker a");
  world.machine.start(11, "driver b");
  world.machine.start(12, "other");
  world.machine.start(4711, "worker provisrd");
  CHECK(world.look() == "worker-a@0 any@1");
}

TEST_CASE("what is born is found at the next look, and once", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  world.machine.start(10, "worker a");
  CHECK(world.look().empty());
  CHECK(world.look() == "worker-a@0");
  const auto reads = world.machine.reads;
  CHECK(world.look().empty());  // read again, because exec may have changed it
  CHECK(world.machine.reads > reads);
}

TEST_CASE("while descriptors are short, no report is whole, and the next one is", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.machine.start(10, "worker a");
  world.machine.start(11, "worker b");
  world.enter_final_phase();
  world.machine.is_short = true;
  for (int i = 0; i < 3; ++i) {
    const ScoutReport report = world.scout.look(i == 0);
    CHECK_FALSE(report.is_whole);
    CHECK(report.sightings.empty());
  }
  world.machine.is_short = false;
  const ScoutReport report = world.scout.look(false);
  CHECK(report.is_whole);
  CHECK(report.sightings.size() == 2);
}

TEST_CASE("a process that cannot be read as descriptors are short keeps its name", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.machine.start(10, "worker a");
  world.machine.start(11, "worker b");
  world.enter_final_phase();
  world.machine.unreadable = {10};
  const bool all = GENERATE(true, false);
  for (int i = 0; i < 40; ++i) {
    const ScoutReport report = world.scout.look(all && i == 0);
    CHECK_FALSE(report.is_whole);
    for (const Sighting& sighting : report.sightings) CHECK(sighting.match);
  }
  world.machine.unreadable.clear();
  const ScoutReport report = world.scout.look(false);
  CHECK(report.is_whole == all);
  if (all) CHECK(report.sightings.size() == 2);
  world.machine.processes[10].args = "worker c";
  std::string text;
  for (int i = 0; i < 3; ++i) text += world.look();
  CHECK(text == "worker-c@0");
}

TEST_CASE("of a look at all that cannot read some, what others lose is told all the same",
          "[match]") {
  ScoutWorld world;
  world.machine.start(10, "worker a");
  world.machine.start(11, "worker b");
  world.enter_final_phase();
  world.machine.unreadable = {10};
  world.machine.processes[11].args = "other";
  std::string text;
  for (int i = 0; i < 3; ++i) text += world.look(true);
  CHECK(text == "-");
}

TEST_CASE("what is born while it cannot be read is found once it can", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  world.machine.start(10, "worker a");
  auto& lacking =
      GENERATE(true, false) ? world.machine.unreadable : world.machine.without_ancestors;
  lacking = {10};
  for (int i = 0; i < 10; ++i) CHECK(world.look().empty());
  lacking.clear();
  CHECK(world.look() == "worker-a@0");
}

TEST_CASE("however many are born while none can be read, the living ones are found", "[match]") {
  constexpr ProcessId count = 10'000;
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  for (ProcessId pid = count; pid < 2 * count; ++pid) {
    world.machine.start(pid, "worker a");
    world.machine.unreadable.insert(pid);
  }
  for (int i = 0; i < 3; ++i) CHECK(world.look().empty());
  world.machine.unreadable.clear();
  CHECK(world.scout.look(false).sightings.size() == count);
}

TEST_CASE("a machine on which nothing is born costs nothing", "[match]") {
  ScoutWorld world;
  for (ProcessId pid = 1; pid < 5000; ++pid) world.machine.start(pid, "stranger");
  world.enter_final_phase();
  world.machine.lists_all = GENERATE(false, true);
  const int reads = world.machine.reads;
  for (int i = 0; i < 100; ++i) CHECK(world.look().empty());
  CHECK(world.machine.reads == reads);
}

TEST_CASE("what is gone before the next look is read once at most", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  const int before = world.machine.reads;
  for (ProcessId pid = 100; pid < 1100; ++pid) {
    world.machine.start(pid, "worker short");
    static_cast<void>(world.look());
    world.machine.processes.erase(pid);
  }
  CHECK(world.look().empty());
  CHECK(world.machine.reads - before <= 1000);
}

TEST_CASE("a program that is executed late, or becomes another, is noticed", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  world.machine.start(10, "shell");
  for (int i = 0; i < 6; ++i) CHECK(world.look().empty());
  world.machine.processes[10].args = "worker late";
  std::string found;
  for (int i = 0; i < 20 && found.empty(); ++i) found = world.look();
  CHECK(found == "worker-late@0");
  world.machine.processes[10].args = "shell";
  found.clear();
  for (int i = 0; i < 20 && found.empty(); ++i) found = world.look();
  CHECK(found == "-");
}

TEST_CASE("a process that is not itself any more loses its name soon", "[match]") {
  ScoutWorld world;
  world.scout.set_rules(rules(), 1, std::chrono::milliseconds(500));
  for (ProcessId pid = 10; pid < 110; ++pid) world.machine.start(pid, "worker a");
  for (int i = 0; i < 300; ++i) static_cast<void>(world.look());  // until none is a newborn
  world.machine.processes[GENERATE(10, 60, 109)].args = "sleep";
  std::string lost;
  for (int i = 0; i < 3; ++i) lost += world.look();
  CHECK(lost == "-");
}

TEST_CASE("however many processes match, a look is short, and each has its turn", "[match]") {
  ScoutWorld world;
  world.scout.set_rules(rules(), 1, std::chrono::milliseconds(500));
  for (ProcessId pid = 10; pid < 1610; ++pid) world.machine.start(pid, "worker a");
  for (int i = 0; i < 300; ++i) static_cast<void>(world.look());
  for (int i = 0; i < 16; ++i) {
    const int reads = world.machine.reads;
    CHECK(world.look().empty());
    CHECK(world.machine.reads - reads <= 1600 / 16 + 1);
  }
  world.machine.processes[800].args = "sleep";
  std::string lost;
  for (int i = 0; i < 17; ++i) lost += world.look();
  CHECK(lost == "-");
}

TEST_CASE("what does not fit for a moment, as amid an exec, keeps its name", "[match]") {
  ScoutWorld world;
  world.machine.start(10, "worker a");
  for (int i = 0; i < 300; ++i) static_cast<void>(world.look());
  for (int moment = 0; moment < 5; ++moment) {
    world.machine.processes[10].args.clear();
    const bool all = moment % 2 == 1;
    CHECK(world.look(all) == (all ? "worker-a@0" : ""));
    world.machine.processes[10].args = "worker a";
    for (int i = 0; i < 10; ++i) CHECK(world.look().empty());
  }
}

TEST_CASE("a process that becomes what it was has its name again soon", "[match]") {
  ScoutWorld world;
  world.machine.start(10, "worker a");
  for (int i = 0; i < 300; ++i) static_cast<void>(world.look());
  world.machine.processes[10].args = "sleep";
  std::string seen;
  for (int i = 0; i < 2; ++i) seen += world.look();
  CHECK(seen == "-");
  world.machine.processes[10].args = "worker a";
  seen.clear();
  for (int i = 0; i < 2; ++i) seen += world.look();
  CHECK(seen == "worker-a@0");
  world.machine.processes[10].args = "sleep";
  CHECK(world.look(true) == "worker-a@0");
  CHECK(world.scout.look(true).sightings.empty());
  world.machine.processes[10].args = "worker a";
  CHECK(world.look() == "worker-a@0");
}

TEST_CASE("a title that changes after hours is seen by a look at all", "[match]") {
  ScoutWorld world;
  world.machine.start(10, "init");
  world.enter_final_phase();
  for (int i = 0; i < 100; ++i) static_cast<void>(world.look());
  world.machine.processes[10].args = "worker x";
  CHECK(world.look().empty());
  CHECK(world.look(true) == "worker-x@0");
  world.machine.processes[10].args = "something";
  CHECK(world.scout.look(true).is_whole);
}

TEST_CASE("what is born between two looks at all is newborn all the same", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  world.machine.start(10, "worker's parent");
  CHECK(world.look(true).empty());
  world.machine.processes[10].args = "worker b";
  CHECK(world.look() == "worker-b@0");
}

TEST_CASE("the second process of a PID is another", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.enter_final_phase();
  world.machine.start(10, "worker a", 5);
  static_cast<void>(world.look());
  const auto first = world.scout.look(false).sightings.at(0).key;
  world.machine.start(10, "worker a", 6);
  std::vector<Sighting> found;  // maybe only at a look that was scheduled for the first process
  while (found.empty()) found = world.scout.look(false).sightings;
  const auto second = found.at(0).key;
  CHECK(first.pid == second.pid);
  CHECK(first != second);
}

TEST_CASE("the second process of a PID is newborn in a listing of all, too", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.machine.start(10, "other", 5);
  world.enter_final_phase();
  for (int i = 0; i < 130; ++i) static_cast<void>(world.look());
  world.machine.start(10, "worker a", 6);
  world.machine.lists_all = true;  // as if ids had wrapped around
  CHECK(world.look().empty());
  CHECK(world.look() == "worker-a@0");
}

TEST_CASE("a birth that several listings tell of is one", "[match]") {
  ScoutWorld world;
  world.machine.start(2, "init");
  world.machine.lists_all = true;
  world.enter_final_phase();
  for (int i = 0; i < 130; ++i) static_cast<void>(world.look());
  world.machine.start(10, "other");
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(world.look());
    world.machine.born = {10};
  }
  world.machine.reads = 0;
  for (int i = 0; i < 5; ++i) static_cast<void>(world.look());
  CHECK(world.machine.reads <= 5);
}

TEST_CASE("others' rules take a look at all", "[match]") {
  ScoutWorld world;
  world.machine.start(10, "worker a");
  world.enter_final_phase();
  const int listings = world.machine.whole_listings;
  world.scout.set_rules(rules(), 2);
  const ScoutReport report = world.scout.look(false);
  CHECK(report.is_whole);
  CHECK(report.generation == 2);
  CHECK(report.sightings.size() == 1);
  CHECK(world.machine.whole_listings == listings + 1);
}
