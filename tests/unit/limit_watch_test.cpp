#include "daemon/limits/limit_watch.hpp"

#include "support/fake_registry.hpp"
#include "support/log_capture.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Verb = Command::Verb;

namespace {

constexpr ProcessId first_pid = 7;

/// 100 MB and two cores for 30 s.
ProcessLimits some_limits(LimitAction action = LimitAction::log) {
  return {.max_memory_mb = 100.0, .max_cpu_percent = 200.0, .action = action};
}

ProcessConfig limited(ProcessLimits with, std::string name = "app") {
  ProcessConfig config;
  config.name = std::move(name);
  config.argv = {"program"};
  config.limits = with;
  return config;
}

/// A machine with a process "app" that has limits, uses 50 MB, and is sampled every 10 s.
struct LimitedMachine {
  explicit LimitedMachine(const ProcessLimits& with = some_limits())
      : machine(RegistryOptions{
            .observer = [this](const TickEvent& tick) { watch.on_tick(tick.snapshot); }}) {
    watch.set_processes({limited(with)});
    run(first_pid);
  }

  void run(ProcessId pid) {
    machine.system.start(pid, known_reading());
    REQUIRE_FALSE(machine.registry.track("app", pid));
    use_memory(pid, 50);
  }
  void use_memory(ProcessId pid, std::uint64_t megabytes) {
    machine.system.change(pid, [&](ProcessReading& reading) {
      reading.memory_rss_bytes = Figure<std::uint64_t>(megabytes << 20U);
    });
  }
  void lose_memory_figure() {
    machine.system.change(first_pid,
                          [](ProcessReading& reading) { reading.memory_rss_bytes = {}; });
  }
  void tick(int times = 1, std::chrono::nanoseconds wall = 10s) {
    for (int i = 0; i < times; ++i) machine.tick_after(wall);
  }
  /// Replaces the process of the name by one that uses 150 MB.
  void restart_over(ProcessId before, ProcessId after) {
    machine.system.end(before);
    run(after);
    use_memory(after, 150);
  }
  [[nodiscard]] LimitReport::Breaches open() const { return *watch.report().open; }
  [[nodiscard]] std::uint64_t count(std::size_t index = 0) const {
    return watch.report().counts->at(index).count;
  }

  FakeMachine machine;
  LogCapture log;
  std::vector<Command> commands;
  std::vector<LimitBreach> told;
  CommandReply reply;
  LimitWatch watch{10s,
                   {.submit =
                        [this](Command command, const ReplyHandler& handler) {
                          commands.push_back(std::move(command));
                          handler(reply);
                        },
                    .on_breach = [this](const LimitBreach& breach) { told.push_back(breach); }},
                   log.log(),
                   machine.clock};
};

}  // namespace

TEST_CASE("a limit is breached once every sample has been over it for long enough", "[limits]") {
  LimitedMachine limited;
  limited.tick();
  limited.use_memory(first_pid, 150);
  limited.tick();
  const Timestamp since = limited.machine.clock.utc_now();
  limited.tick(2);
  CHECK(limited.open().empty());
  CHECK(limited.log.text().empty());
  limited.tick();
  const LimitBreach breach{.name = "app",
                           .pid = first_pid,
                           .figure = LimitFigure::memory,
                           .value = 150,
                           .limit = 100,
                           .since = since,
                           .action = LimitAction::log};
  CHECK(limited.open() == LimitReport::Breaches{breach});
  CHECK(limited.told == std::vector<LimitBreach>{breach});
  CHECK(limited.count() == 1);
  CHECK(limited.log.count("WARN app: memory of 150.0 MB is over the limit of 100 MB, since "
                          "2023-11-14T22:13:41.000Z; action: log") == 1);
  limited.tick();
  CHECK(limited.told.size() == 1);
  CHECK(limited.count() == 1);
  CHECK(limited.log.lines().size() == 1);
  CHECK(limited.commands.empty());
}

TEST_CASE("a sample at the limit ends a breach, and one that has not lasted", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(3);
  limited.use_memory(first_pid, 100);
  limited.tick();
  limited.use_memory(first_pid, 150);
  limited.tick(3);
  CHECK(limited.open().empty());
  limited.tick();
  CHECK(limited.open().size() == 1);
  limited.use_memory(first_pid, 100);
  limited.tick();
  CHECK(limited.open().empty());
  CHECK(limited.log.count(
            "INFO app: memory of 100.0 MB is within the limit of 100 MB again, after 30.0s over") ==
        1);
}

TEST_CASE("CPU is limited in percent of one core, beside memory", "[limits]") {
  LimitedMachine limited;
  limited.tick();
  limited.use_memory(first_pid, 150);
  for (int i = 0; i < 4; ++i) {
    limited.machine.use_cpu(first_pid, 25s);
    limited.tick();
  }
  REQUIRE(limited.open().size() == 2);
  CHECK(limited.open()[1].figure == LimitFigure::cpu);
  CHECK(limited.open()[1].value == 250);
  CHECK(limited.count(1) == 1);
  CHECK(limited.log.count("CPU usage of 250.0 % is over the limit of 200 %") == 1);
}

TEST_CASE("a figure that is missing neither confirms nor ends a breach", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(3);
  limited.lose_memory_figure();
  limited.tick(100);
  CHECK(limited.open().empty());
  limited.use_memory(first_pid, 150);
  limited.tick();
  CHECK(limited.open().size() == 1);
  limited.lose_memory_figure();
  limited.tick(5);
  CHECK(limited.open().size() == 1);
}

TEST_CASE("time in which no sample came is no proof", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(2, 1h);
  CHECK(limited.open().empty());
  limited.tick(1, 1h);
  CHECK(limited.open().size() == 1);
}

TEST_CASE("another process begins anew", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  CHECK(limited.open().size() == 1);
  limited.restart_over(first_pid, 8);
  limited.tick(3);
  CHECK(limited.open().empty());
  limited.tick();
  CHECK(limited.open().size() == 1);
  CHECK(limited.count() == 2);
}

TEST_CASE("a process that has ended breaches nothing", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  limited.machine.system.end(first_pid);
  limited.tick();
  CHECK(limited.open().empty());
  CHECK(limited.log.lines().size() == 1);
}

TEST_CASE("one sample is enough if the interval is longer than what is asked for", "[limits]") {
  ProcessLimits quick = some_limits();
  quick.breach_duration = GENERATE(0ms, 9999ms);
  LimitedMachine limited(quick);
  limited.use_memory(first_pid, 150);
  limited.tick();
  CHECK(limited.open().size() == 1);
}

TEST_CASE("a breach that goes on is logged ever more seldom, at last once an hour", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  limited.tick(6);
  CHECK(limited.log.count("is still over the limit") == 1);
  limited.tick(6);
  CHECK(limited.log.count("is still over the limit") == 1);
  limited.tick(6);
  CHECK(limited.log.count("is still over the limit") == 2);
  limited.tick(24 * 360);
  CHECK(limited.log.lines().size() < 32);
  CHECK(limited.log.lines().size() > 24);
  CHECK(limited.count() == 1);
}

TEST_CASE("breaches that come and go are counted, and logged ever more seldom", "[limits]") {
  ProcessLimits quick = some_limits();
  quick.breach_duration = 0s;
  LimitedMachine limited(quick);
  for (int i = 0; i < 1000; ++i) {
    limited.use_memory(first_pid, 150);
    limited.tick();
    limited.use_memory(first_pid, 50);
    limited.tick();
  }
  CHECK(limited.count() == 1000);
  CHECK(limited.told.size() == 1000);
  CHECK(limited.log.count("is over the limit") < 15);
  CHECK(limited.log.count("is within the limit") == limited.log.count("over the limit of"));
}

TEST_CASE("a restart is asked for once, for the process that breached", "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::restart));
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  REQUIRE(limited.commands.size() == 1);
  CHECK(limited.commands[0].verb == Verb::restart);
  CHECK(limited.commands[0].scope == Command::Scope::name);
  CHECK(limited.commands[0].target == "app");
  CHECK(limited.commands[0].pid == first_pid);
  CHECK(limited.commands[0].reason == ExitReason::limit);
  CHECK(limited.log.count("action: restart") == 1);
  limited.tick(5);  // the process has not ended yet
  CHECK(limited.commands.size() == 1);
}

TEST_CASE("a process that always breaches is restarted ever more seldom", "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::restart));
  limited.use_memory(first_pid, 150);
  std::vector<int> ticks_between;
  ProcessId pid = first_pid;
  for (int i = 0; i < 8; ++i) {
    const std::size_t before = limited.commands.size();
    int ticks = 0;
    while (limited.commands.size() == before) {
      limited.tick();
      ++ticks;
    }
    ticks_between.push_back(ticks);
    CHECK(limited.commands.back().pid == pid);
    limited.restart_over(pid, pid + 1);
    ++pid;
  }
  CHECK(ticks_between == std::vector<int>{4, 6, 12, 24, 48, 60, 60, 60});
  CHECK(limited.log.count("action: restart, put off for ") > 0);
}

TEST_CASE("a process that breaches long after its restart is restarted at once", "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::restart));
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  limited.restart_over(first_pid, 8);
  limited.tick(6);
  CHECK(limited.commands.size() == 2);
  limited.restart_over(8, 9);
  limited.use_memory(9, 50);
  limited.tick(60);
  limited.use_memory(9, 150);
  limited.tick(4);
  REQUIRE(limited.commands.size() == 3);
  limited.restart_over(9, 10);
  limited.tick(6);
  CHECK(limited.commands.size() == 4);
}

TEST_CASE("a process that breaches again after it was started by hand is stopped again",
          "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::stop));
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  REQUIRE(limited.commands.size() == 1);
  CHECK(limited.commands[0].verb == Verb::stop);
  CHECK(limited.commands[0].reason == ExitReason::limit);
  limited.tick();
  CHECK(limited.commands.size() == 1);
  limited.restart_over(first_pid, 8);
  limited.tick(4);
  CHECK(limited.commands.size() == 2);
}

TEST_CASE("a command that fails is logged, and given again after the pause", "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::restart));
  limited.reply = {CommandReply::Outcome::busy, {}, "too many commands wait"};
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  CHECK(limited.log.count("WARN app: restart for its limit failed: too many commands wait") == 1);
  limited.tick(6);
  CHECK(limited.commands.size() == 2);
}

TEST_CASE("a command for a process that has just ended is no failure worth a warning", "[limits]") {
  LimitedMachine limited(some_limits(LimitAction::stop));
  limited.reply = {CommandReply::Outcome::unknown, {}, "process 7 has ended"};
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  CHECK(limited.log.count("WARN") == 1);
  CHECK(limited.log.count("DEBUG app: stop for its limit failed: process 7 has ended") == 1);
}

TEST_CASE("limits that a reload leaves as they are go on", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(3);
  limited.watch.set_processes({::limited(some_limits(), "new"), ::limited(some_limits())});
  limited.tick();
  CHECK(limited.open().size() == 1);
  limited.watch.set_processes({::limited(some_limits())});
  CHECK(limited.open().size() == 1);
  CHECK(limited.count() == 1);
}

TEST_CASE("limits that a reload changes begin anew, with their counts", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  ProcessLimits higher = some_limits();
  higher.max_memory_mb = 120;
  limited.watch.set_processes({::limited(higher)});
  CHECK(limited.open().empty());
  CHECK(limited.count() == 1);
  limited.tick(4);
  CHECK(limited.open().size() == 1);
  CHECK(limited.count() == 2);
}

TEST_CASE("a limit goes on if a reload changes another one of the process", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  REQUIRE(limited.open().size() == 1);
  ProcessLimits other = some_limits();
  for (const auto most : {std::optional(300.0), std::optional(400.0), std::optional<double>()}) {
    other.max_cpu_percent = most;
    limited.watch.set_processes({::limited(other)});
    limited.tick();
    CHECK(limited.open().size() == 1);
    CHECK(limited.count() == 1);
  }
  CHECK(limited.log.count("WARN") == 1);
}

TEST_CASE("what a reload takes away is forgotten", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  limited.watch.set_processes({});
  CHECK(limited.open().empty());
  CHECK(limited.watch.report().counts->empty());
  limited.tick();
  CHECK(limited.open().empty());
}

TEST_CASE("without ticks nothing is breached any more", "[limits]") {
  LimitedMachine limited;
  limited.use_memory(first_pid, 150);
  limited.tick(4);
  limited.watch.forget_breaches();
  CHECK(limited.open().empty());
  CHECK(limited.count() == 1);
}

TEST_CASE("every instance has the limits for itself", "[limits]") {
  LimitedMachine limited;
  ProcessConfig three = ::limited(some_limits());
  three.instances = 3;
  limited.watch.set_processes({three});
  const LimitReport report = limited.watch.report();
  REQUIRE(report.counts->size() == 6);
  CHECK(report.counts->at(0).name == "app-1");
  CHECK(report.counts->at(5).name == "app-3");
}
