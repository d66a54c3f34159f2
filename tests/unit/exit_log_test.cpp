#include "daemon/supervisor/exit_log.hpp"

#include "daemon/api/exits_json.hpp"
#include "support/fake_supervision.hpp"
#include "support/timestamp_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Verb = Command::Verb;

namespace {

Timestamp at(std::chrono::seconds seconds) {
  return Timestamp(seconds);
}

ExitRecord record(std::string name, std::chrono::seconds ended) {
  return {.name = std::move(name), .pid = 7, .ended_at = at(ended), .status = ExitStatus{}};
}

std::vector<std::string> names(const ExitLog::Records& records) {
  std::vector<std::string> names;
  for (const auto& found : records) names.push_back(found->name);
  return names;
}

void submit(FakeSupervision& world, Verb verb) {
  world.supervisor().submit({.verb = verb, .target = "app"}, [](const CommandReply&) {});
  world.update();
  world.update();
}

}  // namespace

TEST_CASE("the latest ends are found, the newest first") {
  ExitLog log(3);
  for (const int second : {1, 2, 3, 4})
    log.add(record(second % 2 == 0 ? "even" : "odd", 1s * second));
  CHECK(names(log.find()) == std::vector<std::string>{"even", "odd", "even"});
  CHECK(names(log.find("odd")) == std::vector<std::string>{"odd"});
  CHECK(log.find({}, at(4s)).size() == 1);
  CHECK(log.find({}, at(5s)).empty());
  CHECK(log.counts().at("odd").success == 2);  // includes records that are no longer kept
}

TEST_CASE("ends are counted by how they came about") {
  ExitLog log;
  log.add(record("app", 1s));
  log.add({.name = "app", .status = ExitStatus{.code = 3}});
  log.add({.name = "app", .status = ExitStatus{.signal = 9}});
  log.add({.name = "app"});
  log.add({.name = "unknown"});
  const ExitCounts counts = log.counts().at("app");
  CHECK(counts.success == 1);
  CHECK(counts.exit_code == 1);
  CHECK(counts.signal == 1);
  CHECK(log.counts().size() == 1);
  log.forget_counts("app");
  CHECK(log.counts().empty());
  CHECK(log.find().size() == 5);
}

TEST_CASE("an exit in JSON leaves out what is unknown") {
  ExitLog log;
  log.add({.name = "other", .pid = 8, .ended_at = at(2s)});
  log.add({.name = "app",
           .pid = 7,
           .started_at = at(0s),
           .ended_at = at(1s),
           .status = ExitStatus{.signal = 6, .has_dumped_core = true},
           .reason = ExitReason::limit,
           .memory_peak = 4096});
  CHECK(exits_json(log.find()) ==
        R"({"exits":[{"name":"app","pid":7,"started_at":"1970-01-01T00:00:00.000Z",)"
        R"("ended_at":"1970-01-01T00:00:01.000Z","signal":6,"description":")" +
            ExitStatus{.signal = 6, .has_dumped_core = true}.to_string() +
            R"(","core_dumped":true,"reason":"limit","memory_peak":4096},)"
            R"({"name":"other","pid":8,"ended_at":"1970-01-01T00:00:02.000Z",)"
            R"("description":"exit status unknown","core_dumped":false,)"
            R"("reason":"itself"}]})");
}

TEST_CASE("the record of a child's end says who wanted it") {
  FakeSupervision world({restarting()});
  world.children.pattern.memory_peak = 12345;
  world.start();
  const Timestamp started = world.clock.utc_now();
  const auto latest = [&] { return *world.supervisor().exits().find().at(0); };

  SECTION("nobody") {
    world.clock.advance(3s);
    world.children.latest().end({.code = 3});
    world.update();
    CHECK(latest().name == "app");
    CHECK(latest().pid == world.children.latest().pid);
    CHECK(latest().started_at == started);
    CHECK(latest().ended_at == started + 3s);
    CHECK(latest().status == ExitStatus{.code = 3});
    CHECK(latest().memory_peak == 12345);
    CHECK(latest().reason == ExitReason::itself);
  }
  SECTION("a command to stop") {
    submit(world, Verb::stop);
    CHECK(latest().reason == ExitReason::stop);
  }
  SECTION("a command to restart; the next end is its own again") {
    submit(world, Verb::restart);
    CHECK(latest().reason == ExitReason::restart);
    world.advance(50ms);
    REQUIRE(world.children.launches() == 2);
    world.children.latest().end({});
    world.update();
    CHECK(latest().reason == ExitReason::itself);
  }
  SECTION("a limit") {
    world.supervisor().submit({.verb = Verb::restart, .target = "app", .reason = ExitReason::limit},
                              [](const CommandReply&) {});
    world.update();
    world.update();
    CHECK(latest().reason == ExitReason::limit);
  }
  SECTION("a limit that was breached by a process before this one: nothing") {
    std::vector<CommandReply> replies;
    for (const Verb verb : {Verb::restart, Verb::stop}) {
      world.supervisor().submit({.verb = verb,
                                 .target = "app",
                                 .pid = world.children.latest().pid + 1,
                                 .reason = ExitReason::limit},
                                [&](const CommandReply& reply) { replies.push_back(reply); });
    }
    world.update();
    REQUIRE(replies.size() == 2);
    CHECK(replies[0].outcome == CommandReply::Outcome::unknown);
    CHECK(replies[1].outcome == CommandReply::Outcome::unknown);
    CHECK(world.status().state == ProcessState::running);
    submit(world, Verb::stop);
  }
  SECTION("a command to stop, which a limit's restart does not undo") {
    const ProcessId pid = world.children.latest().pid;
    submit(world, Verb::stop);
    world.supervisor().submit(
        {.verb = Verb::restart, .target = "app", .pid = pid, .reason = ExitReason::limit},
        [](const CommandReply&) {});
    world.update();
    world.advance(1min);
    CHECK(world.status().state == ProcessState::stopped);
    CHECK(world.children.launches() == 1);
    CHECK(latest().reason == ExitReason::stop);
  }
  SECTION("a reload") {
    world.supervisor().submit({.verb = Verb::reload, .target = {}}, [](const CommandReply&) {});
    world.update();
    world.update();
    CHECK(latest().reason == ExitReason::reload);
  }
  SECTION("the end of provisrd") {
    world.supervisor().request_stop();
    world.update();
    CHECK(latest().reason == ExitReason::shutdown);
  }
  CHECK(world.supervisor().exits().find().size() >= 1);
}

TEST_CASE("a program that could not be executed leaves no record") {
  FakeSupervision world({restarting()});
  world.children.pattern.execution = Execution::failed;
  world.children.pattern.exit = ExitStatus{.code = 127};
  world.start();
  world.update();
  CHECK(world.supervisor().exits().find().empty());
}
