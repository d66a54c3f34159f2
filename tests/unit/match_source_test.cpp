#include "daemon/supervisor/match_source.hpp"

#include "support/eventually.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

constexpr ProcessId stuck_process = 7;

/// A machine on which reads of process 7 block until let_go().
class StallingMachine {
 public:
  [[nodiscard]] ScoutSources sources() {
    return {.list =
                [this](bool) {
                  return ScoutSources::Listing{processes_, true};
                },
            .read = [this](ProcessId pid, const FactSet&) { return read(pid); },
            .ancestors_of = [](const ProcessFacts&) { return std::vector<ProcessKey>(); }};
  }

  void let_go() {
    const std::lock_guard lock(mutex_);
    is_stuck_ = false;
    changed_.notify_all();
  }

  [[nodiscard]] bool has_asker() {
    const std::lock_guard lock(mutex_);
    return askers_ > 0;
  }

 private:
  [[nodiscard]] std::optional<ProcessFacts> read(ProcessId pid) {
    std::unique_lock lock(mutex_);
    if (pid == stuck_process) {
      ++askers_;
      changed_.wait(lock, [this] { return !is_stuck_; });
      --askers_;
    }
    ProcessFacts facts{.key = {pid, 1}};
    facts.args = "worker";
    return facts;
  }

  const std::vector<Descent> processes_{{5, 1, 0}, {stuck_process, 1, 0}, {9, 1, 0}};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stuck_ = true;
  int askers_ = 0;
};

/// The processes that a source has reported so far.
struct FoundProcesses {
  std::set<ProcessId> matched;
  std::set<ProcessId> stuck;

  void take_from(MatchSource& source) {
    for (const ScoutReport& report : source.take()) {
      if (report.stuck != 0) stuck.insert(report.stuck);
      for (const Sighting& sighting : report.sightings) {
        if (sighting.match) matched.insert(sighting.key.pid);
      }
    }
  }
};

[[nodiscard]] std::unique_ptr<MatchSource> source_of(
    const std::shared_ptr<StallingMachine>& machine) {
  // A read that blocks outlives the source, so it must keep the machine alive.
  return make_match_source([] {}, {.make_sources =
                                       [machine] {
                                         ScoutSources sources = machine->sources();
                                         sources.begin_round = [machine] {};
                                         return sources;
                                       },
                                   .patience = 10ms});
}

[[nodiscard]] std::shared_ptr<const MatchRules> workers() {
  ProcessConfig rule;
  rule.name = "worker";
  rule.match.emplace().args = "worker*";
  return std::make_shared<const MatchRules>(std::vector<ProcessConfig>{rule});
}

}  // namespace

TEST_CASE("a process that cannot be read keeps no other from being found", "[match]") {
  const auto machine = std::make_shared<StallingMachine>();
  const auto source = source_of(machine);
  source->look_for(workers(), 1, 1ms);
  FoundProcesses found;
  CHECK(eventually([&] {
    found.take_from(*source);
    return found.matched.size() == 2;
  }));
  CHECK(found.matched == std::set<ProcessId>{5, 9});
  CHECK(found.stuck == std::set{stuck_process});

  machine->let_go();
  CHECK(eventually([&] {
    found.take_from(*source);
    return found.matched.contains(stuck_process);
  }));
}

TEST_CASE("a source ends although its scout hangs", "[match]") {
  const auto machine = std::make_shared<StallingMachine>();
  {
    const auto source = source_of(machine);
    source->look_for(workers(), 1, 1ms);
    REQUIRE(eventually([&] { return machine->has_asker(); }));
  }
  CHECK(machine->has_asker());
  machine->let_go();
  CHECK(eventually([&] { return !machine->has_asker(); }));
}
