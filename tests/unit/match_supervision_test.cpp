#include "daemon/supervisor/supervisor.hpp"
#include "support/fake_children.hpp"
#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

ProcessConfig rule(std::string name, std::size_t most = 3) {
  ProcessConfig config;
  config.name = std::move(name);
  config.match = ProcessMatch();
  config.match->exe = "*";
  config.scope = SampleScope::process;
  config.max_matches = most;
  return config;
}

/// A source of reports that a test makes up.
struct FakeSource final : MatchSource {
  FakeSource(std::vector<ScoutReport>& given, int& failing) : reports(given), failures(failing) {}
  void look_for(std::shared_ptr<const MatchRules>, std::uint64_t next,
                std::chrono::nanoseconds every) override {
    if (failures > 0) {
      --failures;
      throw std::system_error(EAGAIN, std::generic_category());
    }
    generation = next;
    interval = every;
  }
  std::vector<ScoutReport> take() override { return std::exchange(reports, {}); }

  std::vector<ScoutReport>& reports;
  int& failures;  ///< how often look_for() is still to fail
  std::uint64_t generation = 0;
  std::chrono::nanoseconds interval{};
};

/// A supervisor of fake processes. A test decides which are alive. No real process has their PIDs.
struct MatchWorld {
  static constexpr ProcessId first_pid = 100'000'000;

  explicit MatchWorld(std::vector<ProcessConfig> processes) {
    SupervisorOptions options;
    options.find = [this](ProcessId pid, std::error_code& error) -> IsAlive {
      if (alive.contains(pid)) return [this, pid] { return alive.contains(pid); };
      error = std::make_error_code(std::errc::no_such_process);
      return {};
    };
    options.track = [this](std::string_view, ProcessId pid, const TrackOptions&) {
      return unmeasurable.contains(pid) ? std::make_error_code(std::errc::permission_denied)
                                        : std::error_code();
    };
    options.exists = [this](ProcessId pid) { return alive.contains(pid); };
    options.start_of = [this](ProcessId pid) { return starts[pid]; };
    options.launch = children.launcher();
    options.ended_children = &children;
    options.clock = &clock;
    options.history_ttl = 10min;
    options.make_match_source = [this](std::function<void()>) {
      auto made = std::make_unique<FakeSource>(reports, failures);
      source = made.get();
      return made;
    };
    options.on_name = [this](const std::string& name, const ProcessLimits& limits) {
      limits_of[name] = limits;
      clock.advance(time_of_a_name);
    };
    options.on_name_gone = [this](const std::string& name) { limits_of.erase(name); };
    options.on_change = [this](const ProcessStatus&) {
      if (supervisor) lists_seen.insert(names());
    };
    supervisor = std::make_unique<Supervisor>(processes, registry, log.log(),
                                              Supervisor::Until::stopped, std::move(options));
    supervisor->begin();
    update();
  }

  void see(ProcessId number, const std::string& base, std::size_t of_rule = 0) {
    const ProcessId pid = first_pid + number;
    alive.insert(pid);
    starts[pid] = static_cast<std::uint64_t>(number);
    found.push_back({.key = {pid, static_cast<std::uint64_t>(number)},
                     .match = MatchRules::Match{of_rule, base}});
  }
  void end(ProcessId number) {
    alive.erase(first_pid + number);
    clock.advance(500ms);
  }
  void update() {
    if (!found.empty()) {
      reports.push_back({.generation = source->generation, .sightings = std::exchange(found, {})});
    }
    do supervisor->update();
    while (supervisor->next_deadline() <= clock.monotonic_now());
  }
  void reload(std::vector<ProcessConfig> processes) {
    supervisor->submit({.verb = Command::Verb::reload,
                        .target = {},
                        .processes = std::move(processes),
                        .history_ttl = 10min,
                        .interval = 100ms},
                       [this](const CommandReply& reply) { outcome = reply.outcome; });
    update();
  }
  /// Returns names and PIDs: "a:1 b?".
  std::string names() {
    std::string text;
    const SharedStatusList statuses = supervisor->status();
    for (const auto& status : *statuses) {
      if (!text.empty()) text += ' ';
      text += status->name;
      text += status->pid ? ":" + std::to_string(*status->pid - first_pid) : "?";
    }
    return text;
  }

  ManualClock clock;
  std::chrono::milliseconds time_of_a_name{0};  ///< how long it takes to give one
  LogCapture log;
  Registry registry;
  FakeChildren children;
  std::set<ProcessId> alive;
  std::set<ProcessId> unmeasurable;
  std::map<ProcessId, std::uint64_t> starts;
  std::vector<Sighting> found;
  std::vector<ScoutReport> reports;
  int failures = 0;
  std::optional<CommandReply::Outcome> outcome;  ///< of the latest reload
  FakeSource* source = nullptr;
  std::map<std::string, ProcessLimits> limits_of;
  std::set<std::string> lists_seen;  ///< names() at each change of a status
  std::unique_ptr<Supervisor> supervisor;
};

std::size_t count_of(const std::string& word, const std::string& text) {
  std::istringstream words(text);
  return static_cast<std::size_t>(std::count(std::istream_iterator<std::string>(words), {}, word));
}

}  // namespace

TEST_CASE("names that match stand where their entry does", "[match]") {
  MatchWorld world({rule("w-{1}"), rule("nginx")});
  CHECK(world.names() == "w-_? nginx?");
  world.see(1, "nginx", 1);
  world.see(2, "w-a");
  world.update();
  CHECK(world.names() == "w-a:2 nginx:1");
  world.see(3, "w-b");
  world.update();
  CHECK(world.names() == "w-a:2 w-b:3 nginx:1");
  const SharedStatusList statuses = world.supervisor->status();
  CHECK(statuses->at(0)->kind == ProcessKind::match);
  CHECK(statuses->at(0)->state == ProcessState::running);
}

TEST_CASE("what has ended leaves the list, and its history stays for a while", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.see(1, "w-a");
  world.see(2, "w-b");
  world.update();
  world.end(1);
  world.update();
  CHECK(world.names() == "w-b:2");
  CHECK(world.supervisor->exits().find("w-a").size() == 1);
  CHECK(world.registry.history("w-a"));
  world.clock.advance(10min);
  world.update();
  CHECK_FALSE(world.registry.history("w-a"));
  world.end(2);
  world.update();
  CHECK(world.names() == "w-_?");
}

TEST_CASE("while names come and go, each list has every other name once", "[match]") {
  MatchWorld world({rule("w-{1}", 10), rule("nginx"), rule("redis")});
  world.see(1, "nginx", 1);
  world.see(2, "redis", 2);
  world.update();
  world.lists_seen.clear();
  for (ProcessId number = 3; number < 10; ++number) {
    world.see(number, "w-" + std::to_string(number));
    world.update();
  }
  world.end(3);
  world.update();
  world.reload({rule("redis"), rule("w-{1}", 10), rule("nginx")});
  REQUIRE(world.lists_seen.size() > 7);
  for (const std::string& list : world.lists_seen) {
    CAPTURE(list);
    CHECK(count_of("nginx:1", list) + count_of("nginx?", list) == 1);
    CHECK(count_of("redis:2", list) + count_of("redis?", list) == 1);
  }
}

TEST_CASE("if it takes long to settle names, those who come and go meanwhile wait", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.time_of_a_name = 2ms;
  world.see(1, "w-a");
  world.update();
  CHECK(world.names() == "w-a:1");
  world.alive.erase(MatchWorld::first_pid + 1);
  world.see(2, "w-b");
  world.update();
  CHECK(world.names() == "w-a:1");
  CHECK(world.supervisor->next_deadline() == world.clock.monotonic_now() + 40ms);
  world.clock.advance(40ms);
  world.update();
  CHECK(world.names().ends_with("w-b:2"));

  world.time_of_a_name = 1h;
  world.clock.advance(40ms);
  world.see(3, "w-c");
  world.update();
  world.see(4, "w-d");
  world.clock.advance(1s);
  world.update();
  CHECK(world.names().ends_with("w-c:3 w-d:4"));
}

TEST_CASE("names that come and go do not pile up", "[match]") {
  MatchWorld world({rule("w-{1}")});
  for (ProcessId number = 1; number <= 100; ++number) {
    world.see(number, "w-" + std::to_string(number));
    world.update();
    world.end(number);
    world.update();
  }
  CHECK(world.names() == "w-_?");
  CHECK(world.registry.snapshot().size() <= 1 + 3);
  CHECK(world.registry.history("w-100"));
  CHECK(world.limits_of.size() == 1);
}

TEST_CASE("a name that comes back has the history of before", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.see(1, "w-a");
  world.update();
  world.end(1);
  world.update();
  CHECK(world.names() == "w-_?");
  world.see(2, "w-a");
  world.update();
  CHECK(world.names() == "w-a:2");
  world.clock.advance(11min);
  world.update();
  CHECK(world.registry.history("w-a"));
}

TEST_CASE("a process of somebody else gets the name of a child once that has ended", "[match]") {
  const bool is_there_before = GENERATE(true, false);
  ProcessConfig child;
  child.name = "a";
  child.argv = {"program"};
  MatchWorld world({child});
  FakeGroup& group = world.children.latest();
  group.heeds_terminate = false;
  const std::string leaving = "a:" + std::to_string(group.pid - MatchWorld::first_pid);
  world.reload({rule("a")});
  CHECK(world.names() == leaving);
  if (is_there_before) {
    world.see(1, "a");
    world.update();
    CHECK(world.names() == leaving);
  }
  group.end({});
  world.clock.advance(1s);
  world.update();
  CHECK(world.names() == (is_there_before ? "a:1" : "a?"));
  if (is_there_before) return;
  world.see(1, "a");
  world.update();
  CHECK(world.names() == "a:1");
}

TEST_CASE("a process that a pid_file names later loses the name of a match at once", "[match]") {
  const TempDirectory folder;
  ProcessConfig watched;
  watched.name = "w";
  watched.pid_file = folder.path() / "w.pid";
  watched.scope = SampleScope::process;
  MatchWorld world({rule("any"), watched});
  world.see(1, "any");
  world.update();
  REQUIRE(world.names() == "any:1 w?");
  write_text(watched.pid_file, std::to_string(MatchWorld::first_pid + 1));
  world.clock.advance(2s);
  world.update();
  CHECK(world.names() == "any? w:1");
}

TEST_CASE("a successor that is seen at once goes on under the name", "[match]") {
  MatchWorld world({rule("nginx")});
  world.see(1, "nginx");
  world.update();
  world.end(1);
  world.update();
  CHECK(world.names() == "nginx?");
  world.see(2, "nginx");
  world.update();
  CHECK(world.names() == "nginx:2");
  CHECK(world.supervisor->status()->at(0)->restarts == 1);
}

TEST_CASE("one that cannot be measured leaves its place to another, and is told once", "[match]") {
  MatchWorld world({rule("w-{1}", 1)});
  world.unmeasurable = {MatchWorld::first_pid + 1, MatchWorld::first_pid + 2};
  world.see(1, "w-a");
  world.see(2, "w-b");
  world.see(3, "w-c");
  world.update();
  CHECK(world.names() == "w-c:3");
  CHECK(world.log.count("matches, but cannot be watched") == 1);
}

TEST_CASE("one whose PID is another's by now is not watched", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.see(1, "w-a");
  world.starts[MatchWorld::first_pid + 1] = 99;
  world.update();
  CHECK(world.names() == "w-_?");
  CHECK(world.log.count("cannot be watched") == 0);  // it is not hidden
}

TEST_CASE("limits go with the names, also over a reload", "[match]") {
  ProcessConfig config = rule("w-{1}");
  config.limits.max_memory_mb = 5;
  MatchWorld world({config});
  world.see(1, "w-a");
  world.update();
  CHECK(world.limits_of.at("w-a").max_memory_mb == 5);
  config.limits.max_memory_mb = 6;
  world.reload({config});
  CHECK(world.names() == "w-a:1");
  CHECK(world.limits_of.at("w-a").max_memory_mb == 6);
  CHECK(world.source->interval == 50ms);
  world.reload({rule("other")});
  CHECK(world.names() == "other?");
  CHECK(world.limits_of.size() == 1);
}

TEST_CASE("a reload with another scope goes on with the same process", "[match]") {
  ProcessConfig config = rule("w-{1}");
  MatchWorld world({config});
  world.see(1, "w-a");
  world.update();
  config.scope = SampleScope::tree;
  world.reload({config});
  CHECK(world.names() == "w-a:1");
}

TEST_CASE("a name that is configured is taken back, and its process has another", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.see(1, "w-a");
  world.update();
  ProcessConfig file;
  file.name = "w-a";
  file.pid_file = "/no/such/file.pid";
  world.reload({file, rule("w-{1}")});
  CHECK(world.names() == "w-a? w-a-_:1");
}

TEST_CASE("a search for matches that cannot begin is told once and tried again", "[match]") {
  MatchWorld world({});
  world.failures = 3;
  world.reload({rule("app")});
  CHECK(world.outcome == CommandReply::Outcome::done);
  CHECK(world.log.count("WARN no match finds a process at the moment: no thread can be started") ==
        1);
  CHECK(world.supervisor->next_deadline() - world.clock.monotonic_now() == 1s);
  for (int i = 0; i < 3; ++i) {
    CHECK(world.source->generation == 0);
    world.clock.advance(1s);
    world.update();
  }
  CHECK(world.source->generation > 0);
  CHECK(world.supervisor->next_deadline() - world.clock.monotonic_now() > 1s);
  world.see(1, "app");
  world.update();
  CHECK(world.names() == "app:1");
  CHECK(world.log.count("WARN") == 1);
}

TEST_CASE("a search for matches that cannot begin holds up no end", "[match]") {
  MatchWorld world({});
  world.failures = 3;
  world.reload({rule("app")});
  world.supervisor->request_stop();
  world.clock.advance(1s);
  world.update();
  CHECK(world.failures == 2);
  CHECK(world.supervisor->finished());
}

TEST_CASE("why nothing is found is told as the source reports it", "[match]") {
  MatchWorld world({rule("app")});
  world.reports.push_back({.generation = world.source->generation, .failure = "it is Monday"});
  world.update();
  CHECK(world.log.count("WARN no match finds a process at the moment: it is Monday") == 1);
}

TEST_CASE("nothing is started for matches after a request to stop", "[match]") {
  MatchWorld world({rule("w-{1}")});
  world.see(1, "w-a");
  world.update();
  world.supervisor->request_stop();
  world.see(2, "w-b");
  world.reports.push_back({.generation = 1, .sightings = world.found});
  world.supervisor->update();
  CHECK(world.supervisor->finished());
  CHECK(world.names() == "w-a:1");
}
