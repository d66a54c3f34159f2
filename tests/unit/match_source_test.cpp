#include "daemon/supervisor/match_source.hpp"

#include "support/eventually.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

constexpr ProcessId stuck_process = 7;
constexpr auto patience = 10ms;

/// A machine on which reads of some processes block until let_go(). Its clock advances only when a
/// read begins to block, by more than `patience`, so that no other read can take too long.
class StallingMachine {
 public:
  explicit StallingMachine(std::set<ProcessId> stuck = {stuck_process}) : stuck_(std::move(stuck)) {
    for (const ProcessId pid : stuck_) processes_.push_back({pid, 1, 0});
    std::ranges::sort(processes_, {}, &Descent::pid);
  }

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

  ManualClock clock;

 private:
  [[nodiscard]] std::optional<ProcessFacts> read(ProcessId pid) {
    std::unique_lock lock(mutex_);
    if (is_stuck_ && stuck_.contains(pid)) {
      ++askers_;
      clock.advance(2 * patience);
      changed_.wait(lock, [this] { return !is_stuck_; });
      --askers_;
    }
    ProcessFacts facts{.key = {pid, 1}};
    facts.args = "worker";
    return facts;
  }

  std::set<ProcessId> stuck_;
  std::vector<Descent> processes_{{5, 1, 0}, {9, 1, 0}};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stuck_ = true;
  int askers_ = 0;
};

/// What a source has reported so far.
struct FoundProcesses {
  std::set<ProcessId> matched;
  std::set<ProcessId> stuck;
  std::vector<std::string> failures;

  void take_from(MatchSource& source) {
    for (const ScoutReport& report : source.take()) {
      if (report.stuck != 0) stuck.insert(report.stuck);
      if (!report.failure.empty()) failures.push_back(report.failure);
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
                                   .patience = patience,
                                   .clock = &machine->clock});
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

TEST_CASE("a scout that fails is told once and replaced until one works", "[match]") {
  const auto machine = std::make_shared<StallingMachine>();
  machine->let_go();
  std::atomic<int> attempts = 0;
  const auto source = make_match_source([] {}, {.make_sources =
                                                    [&] {
                                                      if (++attempts > 3) return machine->sources();
                                                      machine->clock.advance(2 * patience);
                                                      throw std::runtime_error("no descriptor");
                                                    },
                                                .patience = patience,
                                                .clock = &machine->clock});
  source->look_for(workers(), 1, 1ms);
  FoundProcesses found;
  CHECK(eventually([&] {
    found.take_from(*source);
    return found.matched.size() == 3;
  }));
  CHECK(found.failures == std::vector<std::string>{"no descriptor"});
  CHECK(attempts == 4);
}

TEST_CASE("a read that throws does not count as one that hangs", "[match]") {
  const auto machine = std::make_shared<StallingMachine>();
  machine->let_go();
  std::atomic<int> reads = 0;
  const auto source = make_match_source(
      [] {}, {.make_sources =
                  [&] {
                    ScoutSources sources = machine->sources();
                    // From the second look on, gives a read that seems to go on time to be noticed.
                    sources.list = [&, list = sources.list](bool all) {
                      if (reads > 0) machine->clock.advance(2 * patience);
                      if (reads > 0) std::this_thread::sleep_for(5 * patience);
                      return list(all);
                    };
                    sources.read = [&](ProcessId pid,
                                       const FactSet&) -> std::optional<ProcessFacts> {
                      ++reads;
                      if (pid == 5) throw std::bad_alloc();
                      return std::nullopt;
                    };
                    return sources;
                  },
              .patience = patience,
              .clock = &machine->clock});
  source->look_for(workers(), 1, 50ms);
  FoundProcesses found;
  CHECK(eventually([&] {
    found.take_from(*source);
    return reads >= 4;
  }));
  found.take_from(*source);
  CHECK(found.stuck.empty());
}

TEST_CASE("that too many processes hang is told, and the search goes on after that", "[match]") {
  const auto machine =
      std::make_shared<StallingMachine>(std::set<ProcessId>{21, 22, 23, 24, 25, 26, 27, 28, 29});
  const auto source = source_of(machine);
  source->look_for(workers(), 1, 1ms);
  FoundProcesses found;
  CHECK(eventually([&] {
    found.take_from(*source);
    return !found.failures.empty();
  }));
  CHECK(found.failures == std::vector<std::string>{"9 processes cannot be read"});
  CHECK(found.stuck.size() == 8);
  machine->let_go();
  CHECK(eventually([&] {
    found.take_from(*source);
    return found.matched.size() == 11;
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
