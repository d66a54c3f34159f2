#include "daemon/supervisor/match_roster.hpp"

#include "support/log_capture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

ProcessConfig roster_rule(std::string name, SampleScope scope = SampleScope::process,
                          std::size_t most = 100) {
  ProcessConfig config;
  config.name = std::move(name);
  config.match = ProcessMatch();
  config.match->exe = "*";
  config.scope = scope;
  config.max_matches = most;
  return config;
}

struct RosterWorld {
  LogCapture log;
  std::set<ProcessId> dead;
  MatchRoster roster{log.log(), [this](ProcessId pid) { return !dead.contains(pid); }};
  MatchRoster::Surroundings others;

  explicit RosterWorld(std::vector<ProcessConfig> rules) { roster.set_rules(std::move(rules), 1); }

  /// Returns a sighting. The lower the PID, the older the process.
  static Sighting sighting(ProcessId pid, const std::string& base, std::size_t roster_rule = 0,
                           std::vector<ProcessKey> ancestors = {}) {
    return {.key = key(pid),
            .match = MatchRules::Match{roster_rule, base},
            .ancestors = std::move(ancestors)};
  }
  static ProcessKey key(ProcessId pid) { return {pid, static_cast<std::uint64_t>(pid) * 10}; }

  void see(std::vector<Sighting> sightings, bool is_whole = false, std::uint64_t generation = 1) {
    roster.take(
        {.generation = generation, .is_whole = is_whole, .sightings = std::move(sightings)});
    roster.settle(others);
  }
  void end(ProcessId pid) {
    dead.insert(pid);
    roster.forget(key(pid));
    roster.settle(others);
  }
  /// Returns names and PIDs: "a:1 a-2:2". A name without a process has no PID.
  [[nodiscard]] std::string names(std::size_t of_rule = 0) const {
    std::string text;
    for (const MatchRoster::Place& place : roster.places(of_rule)) {
      if (!text.empty()) text += ' ';
      text += place.name;
      if (place.process) text += ":" + std::to_string(place.process->pid);
    }
    return text;
  }
};

}  // namespace

TEST_CASE("without a process, a rule shows its own name", "[match]") {
  RosterWorld world({roster_rule("worker-{1}"), roster_rule("nginx")});
  CHECK(world.names(0) == "worker-_");
  CHECK(world.names(1) == "nginx");
  world.see({RosterWorld::sighting(5, "worker-a")});
  CHECK(world.names(0) == "worker-a:5");
  world.end(5);
  CHECK(world.names(0) == "worker-_");
}

TEST_CASE("two that are found together are numbered by age", "[match]") {
  RosterWorld world({roster_rule("a")});
  world.see({RosterWorld::sighting(9, "a"), RosterWorld::sighting(5, "a")});
  CHECK(world.names() == "a-1:5 a-2:9");
}

TEST_CASE("very many that are found together are numbered by age", "[match]") {
  constexpr ProcessId last = 10'000;
  RosterWorld world({roster_rule("a", SampleScope::process, last)});
  std::vector<Sighting> sightings;
  for (ProcessId pid = 1; pid <= last; ++pid) sightings.push_back(RosterWorld::sighting(pid, "a"));
  world.see(sightings);
  std::string expected;
  for (ProcessId pid = 1; pid <= last; ++pid) expected += fmt::format(" a-{0}:{0}", pid);
  CHECK(" " + world.names() == expected);
  world.end(2000);
  world.end(1000);
  world.see({RosterWorld::sighting(20'000, "a"), RosterWorld::sighting(20'001, "a")});
  CHECK(world.names().ends_with(" a-1000:20000 a-2000:20001"));
}

TEST_CASE("a name is for life: who comes and goes renames nobody", "[match]") {
  RosterWorld world({roster_rule("a")});
  world.see({RosterWorld::sighting(5, "a")});
  CHECK(world.names() == "a:5");
  world.see({RosterWorld::sighting(6, "a")});
  CHECK(world.names() == "a:5 a-2:6");
  world.end(5);
  CHECK(world.names() == "a-2:6");
  world.see({RosterWorld::sighting(7, "a"), RosterWorld::sighting(8, "a")});
  CHECK(world.names() == "a-2:6 a-1:7 a-3:8");
  world.end(6);
  world.end(7);
  world.end(8);
  CHECK(world.names() == "a");
  world.see({RosterWorld::sighting(10, "a")});
  CHECK(world.names() == "a:10");
}

TEST_CASE("no name has two owners", "[match]") {
  RosterWorld world({roster_rule("w-{1}"), roster_rule("w"), roster_rule("w-3")});
  world.see({RosterWorld::sighting(5, "w-1")});
  world.others.add_name("w-2");
  world.see({RosterWorld::sighting(7, "w", 1), RosterWorld::sighting(8, "w", 1),
             RosterWorld::sighting(9, "w", 1)});
  CHECK(world.names(0) == "w-1-_:5");
  CHECK(world.names(1) == "w-1:7 w-4:8 w-5:9");  // w-2 and w-3 are taken
}

TEST_CASE("a name made from arguments joins no group of another entry", "[match]") {
  RosterWorld world({roster_rule("{1}"), roster_rule("app")});
  for (const char* name : {"app-1", "app-2", "single"}) world.others.add_name(name);
  world.see({RosterWorld::sighting(5, "app"), RosterWorld::sighting(6, "app-7"),
             RosterWorld::sighting(7, "single-2"), RosterWorld::sighting(8, "application")});
  CHECK(world.names(0) == "app-_:5 app-7-_:6 single-2-_:7 application:8");
  world.see({RosterWorld::sighting(9, "app"), RosterWorld::sighting(10, "app", 1)});
  CHECK(world.names(0) == "app-_:5 app-7-_:6 single-2-_:7 application:8 app-_-2:9");
  CHECK(world.names(1) == "app:10");  // the name that the file gives it
  world.others.add_name("application-3");
  world.roster.settle(world.others);
  CHECK(world.names(0) == "app-_:5 app-7-_:6 single-2-_:7 application-_:8 app-_-2:9");
}

TEST_CASE("a name that is configured meanwhile is taken back, and its process gets another",
          "[match]") {
  RosterWorld world({roster_rule("a")});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a")});
  CHECK(world.names() == "a-1:5 a-2:6");
  world.others.add_name("a-2");
  world.roster.settle(world.others);
  CHECK(world.names() == "a-1:5 a-3:6");
}

TEST_CASE("what others run or watch is left out", "[match]") {
  RosterWorld world({roster_rule("a")});
  world.others.processes = {5};
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a")});
  CHECK(world.names() == "a:6");
  world.others.processes = {6};
  world.roster.settle(world.others);
  CHECK(world.names() == "a:5");
}

TEST_CASE("of a tree only the topmost has a name", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::tree)});
  world.see({RosterWorld::sighting(6, "a", 0, {RosterWorld::key(5)}), RosterWorld::sighting(5, "a"),
             RosterWorld::sighting(7, "a", 0, {RosterWorld::key(6), RosterWorld::key(5)})});
  CHECK(world.names() == "a:5");
  world.end(5);  // its children become orphans
  CHECK(world.names() == "a:6");
  world.end(6);
  CHECK(world.names() == "a:7");
}

TEST_CASE("what others watch hides what fits below it, unless they watch it alone", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::tree)});
  world.others.processes = {5};
  world.see(
      {RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a", 0, {RosterWorld::key(5)})});
  CHECK(world.names() == "a");
  world.others.alone = {5};
  world.roster.settle(world.others);
  CHECK(world.names() == "a:6");
}

TEST_CASE("one that begins to fit takes over the tree below it", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::tree)});
  world.see({RosterWorld::sighting(6, "a", 0, {RosterWorld::key(5)})});
  CHECK(world.names() == "a:6");
  world.see({RosterWorld::sighting(5, "a")});
  CHECK(world.names() == "a:5");
}

TEST_CASE("another rule's tree is another matter, and so are processes alone", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::tree), roster_rule("b", SampleScope::tree),
                     roster_rule("c", SampleScope::process)});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "b", 1, {RosterWorld::key(5)}),
             RosterWorld::sighting(7, "c", 2),
             RosterWorld::sighting(8, "c", 2, {RosterWorld::key(7)})});
  CHECK(world.names(0) == "a:5");
  CHECK(world.names(1) == "b:6");
  CHECK(world.names(2) == "c-1:7 c-2:8");
}

TEST_CASE("an ancestor that waits and has ended unseen holds nobody back", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::tree)});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a", 0, {RosterWorld::key(5)}),
             RosterWorld::sighting(7, "a", 0, {RosterWorld::key(6), RosterWorld::key(5)})});
  world.dead = {6};
  world.end(5);
  CHECK(world.names() == "a:7");
}

TEST_CASE("of too many the oldest stay, which is told once", "[match]") {
  RosterWorld world({roster_rule("w-{1}", SampleScope::process, 4)});
  std::vector<Sighting> many;
  for (ProcessId pid = 20; pid > 10; --pid) {
    many.push_back(RosterWorld::sighting(pid, "w-" + std::to_string(pid)));
  }
  world.see(many, true);
  CHECK(world.names() == "w-11:11 w-12:12 w-13:13 w-14:14");
  world.see({RosterWorld::sighting(21, "w-21")});
  world.end(12);
  CHECK(world.names() == "w-11:11 w-13:13 w-14:14 w-15:15");
  CHECK(world.log.count("WARN w-{1}: more than 4 processes match: the oldest are watched") == 1);

  for (ProcessId pid = 13; pid <= 21; ++pid) world.end(pid);
  CHECK(world.names() == "w-11:11");
  world.dead.clear();
  world.see(many, true);
  CHECK(world.log.count("WARN") == 2);
}

TEST_CASE("a reload that allows fewer leaves the oldest", "[match]") {
  RosterWorld world({roster_rule("a", SampleScope::process, 4)});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a"),
             RosterWorld::sighting(7, "a"), RosterWorld::sighting(8, "a")});
  REQUIRE(world.names() == "a-1:5 a-2:6 a-3:7 a-4:8");
  world.roster.set_rules({roster_rule("a", SampleScope::process, 2)}, 2);
  world.roster.settle(world.others);
  CHECK(world.names() == "a-1:5 a-2:6");
  CHECK(world.log.count("WARN a: more than 2 processes match") == 1);
  world.end(5);
  CHECK(world.names() == "a-2:6 a-1:7");
  world.roster.set_rules({roster_rule("a", SampleScope::process, 100)}, 3);
  world.roster.settle(world.others);
  CHECK(world.names() == "a-2:6 a-1:7 a-3:8");
}

TEST_CASE("what fits no more, or fits another rule, loses its name", "[match]") {
  RosterWorld world({roster_rule("a"), roster_rule("b")});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a")});
  world.see({{.key = RosterWorld::key(5)}, RosterWorld::sighting(6, "b", 1)});
  CHECK(world.names(0) == "a");
  CHECK(world.names(1) == "b:6");
  world.see({}, true);
  CHECK(world.names(1) == "b");
}

TEST_CASE("a PID that is another process now is another", "[match]") {
  RosterWorld world({roster_rule("w-{1}")});
  world.see({RosterWorld::sighting(5, "w-a")});
  Sighting next = RosterWorld::sighting(5, "w-b");
  next.key.started_at = 1000;
  world.end(5);
  world.dead.clear();
  world.see({next});
  CHECK(world.names() == "w-b:5");
}

TEST_CASE("a process that an earlier daemon has watched has its name again", "[match]") {
  RosterWorld world({roster_rule("a")});
  world.roster.recall(RosterWorld::key(6), "a");
  world.roster.recall(RosterWorld::key(7), "a-9");
  world.roster.recall(RosterWorld::key(8), "other");
  world.roster.recall(RosterWorld::key(4), "a-1");
  world.see(
      {RosterWorld::sighting(4, "a"), RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a"),
       RosterWorld::sighting(7, "a"), RosterWorld::sighting(8, "a")},
      true);
  CHECK(world.names() == "a-1:4 a-2:5 a:6 a-9:7 a-3:8");
}

TEST_CASE("a rule of the same name goes on until it is known what fits", "[match]") {
  RosterWorld world({roster_rule("a"), roster_rule("b")});
  world.see({RosterWorld::sighting(5, "a"), RosterWorld::sighting(6, "a"),
             RosterWorld::sighting(7, "b", 1)});
  world.roster.set_rules({roster_rule("a")}, 2);
  world.roster.settle(world.others);
  CHECK(world.names() == "a-1:5 a-2:6");
  world.see({RosterWorld::sighting(8, "a")}, false, 1);  // found by the old rules
  CHECK(world.names() == "a-1:5 a-2:6");
  world.see({RosterWorld::sighting(6, "a"), RosterWorld::sighting(7, "a")}, true, 2);
  CHECK(world.names() == "a-2:6 a-1:7");
}
