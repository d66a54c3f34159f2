// How a supervisor takes over what an earlier daemon has remembered.
#include "support/fake_supervision.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::StartsWith;

namespace {

/// Higher than the PIDs of the fake launcher.
constexpr ProcessId left_pid = 2'000'000'000;

[[nodiscard]] RememberedProcess running(const ProcessConfig& config, std::uint64_t starts) {
  RememberedProcess process;
  process.starts = starts;
  process.run = RememberedProcess::Run{.identity = identity(left_pid),
                                       .started = {Timestamp(1h), MonotonicTime(1s)},
                                       .program = fingerprint_of(config)};
  return process;
}

}  // namespace

TEST_CASE("a child is executed only once it is written down") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  world.start();
  CHECK(world.children.latest().is_released);
  CHECK(world.children.latest().command.outlives_daemon);
  const auto known = memory.recall("app");
  REQUIRE(known);
  CHECK(known->starts == 1);
  CHECK(known->run->identity == identity(world.children.latest().pid));
  world.children.latest().end({});
  world.update();
  CHECK_FALSE(memory.recall("app")->run);
}

TEST_CASE("a child that cannot be written down ends with the daemon") {
  FakeMemory memory;
  memory.is_full = true;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  world.start();
  CHECK(world.children.launches() == 2);
  CHECK_FALSE(world.children.group(0).is_released);
  CHECK_FALSE(world.children.latest().command.outlives_daemon);
  CHECK(world.status().pid == world.children.latest().pid);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a child that cannot be written down frees its descriptors before the next launch") {
  FakeMemory memory;
  memory.is_full = true;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  world.children.most_at_once = 1;
  world.start();
  CHECK(world.children.launches() == 2);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a child that cannot be written down, nor be launched again, is started later") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  const bool is_identified = GENERATE(true, false);
  memory.is_full = is_identified;
  world.cannot_identify = !is_identified;
  const auto error =
      GENERATE(std::errc::too_many_files_open, std::errc::resource_unavailable_try_again);
  world.children.refuse(error, "cannot create a process", 1);
  world.start();
  CHECK(world.children.attempts() == 2);
  CHECK(world.status().state == ProcessState::backoff);
  CHECK_FALSE(world.status().pid);
  CHECK_FALSE(world.status().started);
  CHECK_THAT(world.status().last_error, StartsWith("cannot create a process"));

  SECTION("once it can be") {
    world.children.accept();
    memory.is_full = false;
    world.cannot_identify = false;
    world.advance(2s);
    CHECK(world.status().state == ProcessState::running);
    CHECK(world.status().pid == world.children.latest().pid);
    CHECK(memory.recall("app")->run->identity.pid == world.children.latest().pid);
  }
  SECTION("unless it is stopped before") {
    world.supervisor().submit({.verb = Command::Verb::stop, .target = "app"},
                              [](const CommandReply&) {});
    world.update();
    CHECK(world.supervisor().status()->front()->pid == std::nullopt);
    CHECK_FALSE(world.status().next_start);
  }
}

TEST_CASE("what runs is taken over with its counts, and goes on like any child") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 4);
  world.children.leave_running(left_pid);
  world.start();
  CHECK(world.children.launches() == 1);
  CHECK(world.status().pid == left_pid);
  CHECK(world.status().restarts == 3);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().started->at == Timestamp(1h));
  CHECK(world.tracked == 1);
  world.children.latest().end({.code = 3});
  world.advance(1s);
  CHECK(world.status().last_exit->status.code == 3);
  world.advance(2s);
  CHECK(world.children.launches() == 2);
  CHECK(world.status().restarts == 4);
}

TEST_CASE("a start that an earlier daemon had begun goes on, or is made again") {
  FakeMemory memory;
  FakeSupervision world({child_config()});
  world.memory = &memory;
  memory.known["app"] = running(child_config(), 4);
  world.children.pattern.execution = Execution::pending;
  world.children.leave_running(left_pid);
  world.children.pattern.execution = Execution::done;
  world.start();
  FakeGroup& taken_over = world.children.latest();
  CHECK(taken_over.pid == left_pid);
  CHECK(world.status().state == ProcessState::starting);
  CHECK(world.tracked == 0);

  SECTION("it goes on if the program is executed") {
    taken_over.execution = Execution::done;
    world.advance(1s);
    CHECK(world.status().state == ProcessState::running);
    CHECK(world.status().pid == left_pid);
    CHECK(world.tracked == 1);
    CHECK(world.children.launches() == 1);
  }
  SECTION("it is made again if the process ends before, also without auto_restart") {
    taken_over.execution = Execution::failed;
    taken_over.start_failure = {std::make_error_code(std::errc::operation_canceled), "interrupted"};
    taken_over.end({.code = 127});
    world.update();
    world.update();
    CHECK(world.children.launches() == 2);
    CHECK(world.status().state == ProcessState::running);
    CHECK(world.status().pid == world.children.latest().pid);
    CHECK(world.supervisor().exits().find("app").empty());
  }
}

TEST_CASE("what was taken over and cannot be found any more is not said to be hidden") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 1);
  world.children.leave_running(left_pid);
  world.track_error = std::make_error_code(std::errc::no_such_process);
  world.start();
  CHECK(world.log.count("hidden") == 0);
  CHECK(world.log.count("WARN") == 0);
}

TEST_CASE("an end that a killed daemon had recorded is not recorded again") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 4);
  const RememberedProcess::Run& run = *memory.known["app"].run;
  const ExitStatus killed{.signal = 9};
  const bool is_of_it = GENERATE(true, false);
  world.exits_before = {{.name = "app",
                         .pid = left_pid,
                         .started_at = run.started.at - (is_of_it ? 0s : 1s),
                         .ended_at = Timestamp(2h),
                         .status = killed}};
  world.start();
  CHECK(world.supervisor().exits().find().size() == (is_of_it ? 1U : 2U));
  CHECK(world.children.launches() == 1);
  CHECK(world.status().last_exit.has_value() == is_of_it);
}

TEST_CASE("what a child left running is ended by the next daemon, then the child is started") {
  FakeMemory memory;
  ProcessConfig config = restarting();
  config.auto_restart = GENERATE(true, false);
  FakeSupervision world({config});
  world.memory = &memory;
  world.children.pattern.has_workers = true;
  world.children.pattern.workers_heed_terminate = false;
  world.start();
  const ProcessId leader = world.children.latest().pid;
  const std::string launch_id = world.children.latest().command.launch_id;
  world.children.latest().end({.code = 1});
  world.update();
  REQUIRE(memory.recall("app")->run);  // its workers still run

  FakeSupervision next({config});
  next.memory = &memory;
  next.exits_before = {*world.supervisor().exits().find("app").front()};
  next.children.pattern.workers_heed_terminate = false;
  FakeGroup& workers = next.children.leave_workers(leader, launch_id);
  next.start();
  CHECK(next.supervisor().exits().find("app").size() == 1);
  CHECK(next.status().state == ProcessState::backoff);
  CHECK(next.children.launches() == 0);
  CHECK(workers.signal == config.stop_signal);
  CHECK(workers.killed == 0);
  CHECK(next.log.count("what it left running is asked to stop") == 1);
  next.advance(config.stop_timeout);
  CHECK(workers.killed == 1);
  next.advance(50ms);
  next.update();
  REQUIRE(next.children.launches() == 1);
  CHECK(memory.recall("app")->run->identity.pid == next.children.latest().pid);
}

TEST_CASE("what a child left running is ended, though its name is stopped or gone") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  world.start();
  const ProcessId leader = world.children.latest().pid;
  const std::string launch_id = world.children.latest().command.launch_id;
  const bool is_stopped = GENERATE(true, false);
  memory.known["app"].is_stopped = is_stopped;

  FakeSupervision next(is_stopped ? std::vector{restarting()} : std::vector<ProcessConfig>{});
  next.memory = &memory;
  next.children.pattern.workers_heed_terminate = false;
  FakeGroup& workers = next.children.leave_workers(leader, launch_id);
  next.start();
  CHECK(next.status().state == ProcessState::stopping);
  workers.has_workers = false;
  next.advance(50ms);
  CHECK(next.children.launches() == 0);
  if (is_stopped) CHECK(next.status().state == ProcessState::stopped);
  const auto known = memory.recall("app");
  CHECK((!known || !known->run));
}

TEST_CASE("nothing is touched before the first update") {
  FakeMemory memory;
  FakeSupervision world({child_config()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 4);
  static_cast<void>(world.supervisor());
  CHECK(memory.recall("app") == running(restarting(), 4));
  CHECK(world.children.launches() == 0);
}

TEST_CASE("a process that is gone is recorded as one whose end nobody saw") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 1);
  world.start();
  const auto ends = world.supervisor().exits().find("app");
  REQUIRE(ends.size() == 1);
  CHECK(ends.front()->pid == left_pid);
  CHECK_FALSE(ends.front()->status);
  CHECK(world.children.launches() == 1);
  CHECK(world.status().restarts == 1);
  CHECK(world.log.count("ended while provisrd did not run") == 1);
}

TEST_CASE("what was stopped by a command is not started") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = {.starts = 2, .is_stopped = true, .run = {}};
  world.start();
  CHECK(world.status().state == ProcessState::stopped);
  CHECK(world.children.launches() == 0);
  CHECK(memory.recall("app")->is_stopped);
}

TEST_CASE("one that was being stopped is asked again") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 1);
  memory.known["app"].is_stopped = true;
  world.children.pattern.heeds_terminate = false;
  world.children.leave_running(left_pid);
  world.start();
  CHECK(world.status().state == ProcessState::stopping);
  CHECK(world.children.latest().terminated == 1);
}

TEST_CASE("one that was asked to end, but not to stay down, is asked again and started anew") {
  FakeMemory memory;
  ProcessConfig config = restarting();
  config.auto_restart = false;
  FakeSupervision world({config});
  world.memory = &memory;
  world.start();
  world.children.latest().heeds_terminate = false;
  world.supervisor().submit({.verb = Command::Verb::restart, .target = "app"},
                            [](const CommandReply&) {});
  world.update();
  REQUIRE(memory.recall("app")->run->is_ending);

  FakeSupervision next({config});
  next.memory = &memory;
  next.children.pattern.heeds_terminate = false;
  next.children.leave_running(memory.recall("app")->run->identity.pid);
  next.start();
  CHECK(next.status().state == ProcessState::stopping);
  CHECK(next.children.latest().terminated == 1);
  next.children.latest().end({.code = 0, .signal = 15});
  next.advance(1s);
  CHECK(next.children.launches() == 2);
}

TEST_CASE("a process whose configuration runs something else now is started anew") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  ProcessConfig other = restarting();
  other.argv = {"another"};
  memory.known["app"] = running(other, 1);
  world.children.leave_running(left_pid);
  world.start();
  world.update();
  world.update();
  REQUIRE(world.children.launches() == 2);
  CHECK(world.children.group(0).terminated == 1);
  CHECK(world.supervisor().exits().find("app").front()->reason == ExitReason::reload);
}

TEST_CASE("a process that is configured no more is stopped, and forgotten after a while") {
  FakeMemory memory;
  FakeSupervision world({child_config("other")});
  world.memory = &memory;
  memory.known["app"] = running(child_config(), 1);
  world.children.leave_running(left_pid);
  world.start();
  CHECK(world.children.group(0).terminated == 1);
  world.advance(1s);
  world.update();
  CHECK(world.supervisor().status()->size() == 1);
  CHECK(memory.recall("app"));
  world.advance(std::chrono::duration_cast<std::chrono::milliseconds>(default_history_ttl) + 1s);
  CHECK_FALSE(memory.recall("app"));
}

TEST_CASE("somebody else's process is never taken for a child") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 1);
  memory.known["app"].kind = ProcessKind::pid_file;
  world.children.leave_running(left_pid);
  world.start();
  CHECK(world.children.launches() == 1);
  CHECK(world.status().pid != left_pid);
}

TEST_CASE("a child whose name is somebody else's process by now ends before that is watched") {
  FakeMemory memory;
  ProcessConfig watched = foreign_config();
  watched.name = "app";
  FakeSupervision world({child_config("first"), watched, child_config("last")});
  world.memory = &memory;
  world.children.pattern.heeds_terminate = false;
  memory.known["app"] = running(restarting(), 3);
  world.children.leave_running(left_pid);
  world.start();
  FakeGroup& left = world.children.group(0);
  REQUIRE(left.pid == left_pid);
  CHECK(left.terminated == 1);
  CHECK(world.status(1).state == ProcessState::stopping);
  CHECK(world.status(1).pid == left_pid);

  SECTION("by itself") {
    left.end({});
    world.update();
  }
  SECTION("or killed") {
    world.advance(5s);
    CHECK(left.killed == 1);
    world.update();
  }
  CHECK(world.supervisor().exits().find("app").front()->reason == ExitReason::reload);
  CHECK(world.status(0).name == "first");
  CHECK(world.status(1).name == "app");
  CHECK(world.status(1).kind == ProcessKind::pid_file);
  CHECK(world.status(1).restarts == 0);
  CHECK(world.status(2).name == "last");
}

TEST_CASE("a name of a child that is gone is watched at once") {
  FakeMemory memory;
  ProcessConfig watched = foreign_config();
  watched.name = "app";
  FakeSupervision world({watched});
  world.memory = &memory;
  memory.known["app"] = running(restarting(), 3);
  world.start();
  CHECK(world.status().kind == ProcessKind::pid_file);
  CHECK(world.supervisor().status()->size() == 1);
  const auto snapshot = world.registry.snapshot();
  REQUIRE(snapshot.find("app"));
  CHECK_FALSE(snapshot.find("app")->retired());
}

TEST_CASE("a hand-over ends the supervisor alone") {
  FakeMemory memory;
  FakeSupervision world({restarting()});
  world.memory = &memory;
  world.start();
  world.supervisor().hand_over();
  CHECK(world.supervisor().finished());
  CHECK(world.children.latest().terminated == 0);
  CHECK(memory.recall("app")->run);
}

TEST_CASE("without a memory a hand-over is a stop") {
  FakeSupervision world({restarting()});
  world.start();
  world.supervisor().hand_over();
  CHECK(world.children.latest().terminated == 1);
}

TEST_CASE("ends of before are known, and count as none of now") {
  FakeSupervision world({child_config()});
  world.exits_before = {{.name = "app", .pid = 3, .status = ExitStatus{.signal = 9}}};
  world.start();
  CHECK(world.supervisor().exits().find("app").size() == 1);
  CHECK(world.supervisor().exits().counts().empty());
}
