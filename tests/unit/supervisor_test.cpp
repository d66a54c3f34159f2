#include "daemon/supervisor/supervisor.hpp"

#include "support/fake_supervision.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Until = Supervisor::Until;

namespace {

ProcessConfig three_instances() {
  ProcessConfig config = child_config("my-app");
  config.instances = 3;
  return config;
}

}  // namespace

TEST_CASE("every instance is declared, started with its command and listed in order") {
  ProcessConfig config = three_instances();
  config.argv = {"python3", "app.py"};
  config.work_dir = "/srv/app";
  config.env = {"PORT=8000"};
  FakeSupervision world({child_config("first"), config, foreign_config()});
  static_cast<void>(world.supervisor());
  CHECK(world.registry.snapshot().size() == 5);

  world.start();
  REQUIRE(world.children.launches() == 4);
  const ChildCommand& command = world.children.group(2).command;
  CHECK(command.argv == config.argv);
  CHECK(command.work_dir == config.work_dir);
  CHECK(command.env == config.env);
  CHECK_FALSE(command.inherit_stdin);

  std::vector<std::string> names;
  const SharedStatusList statuses = world.supervisor().status();
  for (const auto& status : *statuses) names.push_back(status->name);
  CHECK(names == std::vector<std::string>{"first", "my-app-1", "my-app-2", "my-app-3", "nginx"});
  CHECK(world.status(1).state == ProcessState::running);
  CHECK(world.status(1).kind == ProcessKind::child);
  CHECK(world.status(1).pid == world.children.group(1).pid);
  CHECK(world.status(4).state == ProcessState::absent);
  CHECK(world.status(4).kind == ProcessKind::pid_file);
}

TEST_CASE("a name that the registry refuses is an error of the program") {
  FakeSupervision world({child_config("no spaces allowed")});
  CHECK_THROWS_AS(world.supervisor(), std::system_error);
}

TEST_CASE("it goes on while children end, until a stop is requested") {
  FakeSupervision world({child_config("a"), child_config("b")});
  world.start();
  world.children.group(0).end({.code = 1, .signal = 0});
  world.children.group(1).end({});
  world.update();
  CHECK(world.status(0).state == ProcessState::exited);
  CHECK_FALSE(world.supervisor().finished());
  world.supervisor().request_stop();
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 0);
}

TEST_CASE("all groups are asked at once and killed at the same deadline") {
  FakeSupervision world({three_instances(), foreign_config()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  world.supervisor().request_stop();
  world.supervisor().request_stop();
  for (std::size_t i = 0; i < 3; ++i) CHECK(world.children.group(i).terminated == 1);

  world.advance(4999ms);
  for (std::size_t i = 0; i < 3; ++i) CHECK(world.children.group(i).killed == 0);
  CHECK_FALSE(world.supervisor().finished());
  world.advance(1ms);
  for (std::size_t i = 0; i < 3; ++i) CHECK(world.children.group(i).killed == 1);
  world.advance(50ms);
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 0);
}

TEST_CASE("what is found only after the end of a process that was killed is killed, too") {
  FakeSupervision world({child_config()});
  world.children.pattern.heeds_terminate = false;
  world.children.pattern.workers_heed_terminate = false;
  world.children.pattern.has_workers = true;
  world.children.pattern.workers_hide = true;
  world.start();
  world.supervisor().request_stop();
  world.advance(5s);
  world.advance(50ms);
  world.advance(50ms);
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 0);
  CHECK_FALSE(world.children.latest().has_workers);
}

TEST_CASE("a stop before the program is executed is no end of it") {
  FakeSupervision world({child_config()});
  world.children.pattern.execution = Execution::pending;
  world.children.pattern.heeds_terminate = false;
  world.start();
  FakeGroup& group = world.children.latest();
  world.supervisor().request_stop();
  group.execution = Execution::failed;
  group.start_failure = {std::make_error_code(std::errc::operation_canceled), "ended"};
  group.end({.code = 0, .signal = 9});
  world.advance(50ms);
  CHECK(world.supervisor().finished());
  CHECK(world.status().state == ProcessState::exited);
  CHECK(world.status().last_error.empty());
  CHECK(world.supervisor().exits().find("app").empty());
}

TEST_CASE("a process that not even SIGKILL ends does not hold the daemon, and is told of") {
  FakeSupervision world({child_config()});
  world.children.pattern.heeds_terminate = false;
  world.children.pattern.heeds_kill = false;
  world.start();
  world.supervisor().request_stop();
  world.advance(5s);
  CHECK(world.children.latest().killed == 1);
  CHECK_FALSE(world.supervisor().finished());
  world.advance(5s);
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 1);
  CHECK(world.log.count("ERROR app: the process cannot be killed") == 1);
}

TEST_CASE("the next deadline is the earliest of all processes") {
  ProcessConfig restarted = child_config("restarted");
  restarted.auto_restart = true;
  FakeSupervision world({restarted, child_config("steady")});
  world.start();
  CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
  world.children.group(0).end({});
  world.update();
  CHECK(world.until_next_deadline() == 2s);

  FakeSupervision watching({child_config(), foreign_config()});
  watching.start();
  CHECK(watching.until_next_deadline() == 1s);
}

TEST_CASE("a heartbeat is due each second, whatever else happens") {
  FakeSupervision world({child_config()});
  int beats = 0;
  world.on_heartbeat = [&beats] { ++beats; };
  world.start();
  CHECK(beats == 1);
  CHECK(world.until_next_deadline() == 1s);
  world.advance(999ms);
  world.children.group(0).end({});
  world.update();
  CHECK(beats == 1);
  CHECK(world.until_next_deadline() == 1ms);
  world.advance(1ms);
  CHECK(beats == 2);
  world.advance(1h);
  CHECK(beats == 3);
  CHECK(world.until_next_deadline() == 1s);
}

TEST_CASE("a stop tells how long the slowest child may take") {
  ProcessConfig slow = child_config("slow");
  slow.stop_timeout = 1min;
  FakeSupervision world({child_config(), slow, foreign_config()});
  std::vector<std::chrono::milliseconds> told;
  world.on_stop = [&told](std::chrono::milliseconds longest) { told.push_back(longest); };
  world.start();
  world.supervisor().request_stop();
  world.supervisor().request_stop();
  // Both the process and what it has left are asked to end, killed after a minute, and given up 5 s
  // after that.
  CHECK(told == std::vector<std::chrono::milliseconds>{130s});
}

TEST_CASE("a single command: it reads stdin, and its end is the daemon's") {
  struct Case {
    ExitStatus how;
    int status;
  };
  const auto [how, status] =
      GENERATE(Case{{}, 0}, Case{{.code = 7, .signal = 0}, 7}, Case{{.code = 0, .signal = 9}, 137});
  FakeSupervision world({child_config()}, Until::all_exited);
  world.start();
  CHECK(world.children.latest().command.inherit_stdin);
  CHECK_FALSE(world.supervisor().finished());
  world.children.latest().end(how);
  world.update();
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == status);
}

TEST_CASE("several instances of a command: the first that failed gives the status") {
  FakeSupervision world({three_instances()}, Until::all_exited);
  world.start();
  CHECK_FALSE(world.children.latest().command.inherit_stdin);
  world.children.group(2).end({.code = 5, .signal = 0});
  world.children.group(0).end({});
  world.update();
  CHECK_FALSE(world.supervisor().finished());
  world.children.group(1).end({.code = 4, .signal = 0});
  world.update();
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 4);
}

TEST_CASE("a command that ends because it was asked to counts as a success") {
  FakeSupervision world({three_instances()}, Until::all_exited);
  world.start();
  world.supervisor().request_stop();
  world.update();
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == 0);
}

TEST_CASE("a command that failed before a stop was requested still counts") {
  FakeSupervision world({three_instances()}, Until::all_exited);
  world.start();
  world.children.group(1).end({.code = 4, .signal = 0});
  world.update();
  world.supervisor().request_stop();
  world.update();
  CHECK(world.supervisor().exit_status() == 4);
}

TEST_CASE("a command that cannot be started gives a shell's status") {
  const auto [error, status] = GENERATE(std::pair(std::errc::no_such_file_or_directory, 127),
                                        std::pair(std::errc::permission_denied, 126));
  FakeSupervision world({child_config()}, Until::all_exited);
  world.children.refuse(error, "cannot execute program");
  world.start();
  CHECK(world.supervisor().finished());
  CHECK(world.supervisor().exit_status() == status);
  CHECK(world.status().state == ProcessState::failed);
  CHECK_THAT(world.status().last_error, ContainsSubstring("cannot execute program: "));
}

TEST_CASE("a second request to stop kills what has not ended") {
  FakeSupervision world({child_config("a"), child_config("b"), foreign_config()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const auto now = world.clock.monotonic_now();
  world.supervisor().hasten(now);  // no effect before request_stop()
  CHECK(world.children.group(0).killed == 0);
  world.supervisor().request_stop();
  world.supervisor().hasten(now + 99ms);  // the same request
  CHECK(world.children.group(0).killed == 0);
  world.supervisor().hasten(now + 100ms);
  CHECK(world.children.group(0).killed == 1);
  CHECK(world.children.group(1).killed == 1);
  world.update();
  CHECK(world.supervisor().finished());
}

TEST_CASE("an end costs the process that ended, not the others") {
  ProcessConfig config = child_config();
  config.instances = 200;
  FakeSupervision world({config});
  while (world.children.launches() < 200) world.start();
  const auto polls_of_others = [&] {
    int polls = 0;
    for (std::size_t i = 1; i < 200; ++i) polls += world.children.group(i).polls;
    return polls;
  };
  const int before = polls_of_others();
  world.children.group(0).end({.code = 1, .signal = 0});
  world.update();
  CHECK(world.status(0).state == ProcessState::exited);
  CHECK(world.children.group(0).polls <= 3);
  CHECK(polls_of_others() == before);
}

TEST_CASE("orphans are reaped and steal no child's exit") {
  FakeSupervision world({child_config()});
  world.start();
  for (ProcessId pid = 100; pid < 160; ++pid) world.children.add_orphan(pid);
  world.children.latest().end({.code = 7, .signal = 0});
  world.update();
  CHECK(world.children.orphans().empty());
  REQUIRE(world.status().last_exit);
  CHECK(world.status().last_exit->status.code == 7);
}

namespace {

using Adopted = std::vector<std::pair<std::string, ProcessId>>;

}  // namespace

TEST_CASE("an orphan that left its group joins the tree of the child that it descends from") {
  constexpr ProcessId adopter = FakeChildren::adopter_of_orphans;
  ProcessConfig config = child_config();
  config.scope = SampleScope::tree;
  config.instances = 2;
  FakeSupervision world({config});
  world.start();
  world.launch_ids = {{100, world.children.group(1).command.launch_id}, {101, "app-1-9"}};
  world.supervisor().note_orphan(100, adopter);
  world.supervisor().note_orphan(101, adopter);  // of a start before this one
  world.supervisor().note_orphan(102, adopter);  // a stranger
  world.supervisor().note_orphan(world.children.group(0).pid, adopter);  // a child that is measured
  world.update();
  CHECK(world.adopted == Adopted{{"app-2", 100}});
  world.update();
  CHECK(world.adopted.size() == 1);
  world.supervisor().note_orphan(100, adopter + 1);  // which adopts no orphans of children
  world.update();
  CHECK(world.adopted.size() == 1);
}

TEST_CASE("orphans without end are claimed in parts, so that others are heard in between") {
  ProcessConfig config = child_config();
  config.scope = SampleScope::tree;
  FakeSupervision world({config});
  world.start();
  constexpr ProcessId first = 100;
  constexpr ProcessId last = 299;
  for (ProcessId pid = first; pid <= last; ++pid) {
    world.launch_ids[pid] = world.children.latest().command.launch_id;
    world.supervisor().note_orphan(pid, FakeChildren::adopter_of_orphans);
  }
  world.update();
  CHECK(world.adopted.size() > 0);
  CHECK(world.adopted.size() < 100);
  CHECK(world.until_next_deadline() <= 0s);
  for (int i = 0; i < 10; ++i) world.update();
  CHECK(world.adopted.size() == last - first + 1);
}

TEST_CASE("orphans are looked for if their child is measured only later") {
  ProcessConfig config = child_config();
  config.scope = SampleScope::tree;
  FakeSupervision world({config});
  const Adopted expected{{"app", 100}};
  SECTION("as its program is executed after the orphan was found") {
    world.children.pattern.execution = Execution::pending;
    world.start();
    world.launch_ids = {{100, world.children.latest().command.launch_id}};
    world.adopt_error = std::make_error_code(std::errc::invalid_argument);
    world.supervisor().note_orphan(100, FakeChildren::adopter_of_orphans);
    world.update();
    world.adopted.clear();
    world.children.latest().execution = Execution::done;
    world.advance(1s);
    CHECK(world.adopted == expected);
  }
  SECTION("as that failed at first") {
    world.track_error = std::make_error_code(std::errc::too_many_files_open);
    world.start();
    world.launch_ids = {{100, world.children.latest().command.launch_id}};
    world.update();
    CHECK(world.adopted.empty());
    world.track_error = {};
    world.advance(5s);
    CHECK(world.adopted == expected);
  }
  SECTION("as no thread could look at them") {
    world.start();
    world.launch_ids = {{100, world.children.latest().command.launch_id}};
    world.lacks_thread = true;
    world.supervisor().note_orphan(100, FakeChildren::adopter_of_orphans);
    world.update();
    world.lacks_thread = false;
    CHECK(world.until_next_deadline() == 1s);
    world.advance(1s);
    CHECK(world.adopted == expected);
  }
  SECTION("as they could not be added for lack of descriptors") {
    world.start();
    world.launch_ids = {{100, world.children.latest().command.launch_id}};
    world.adopt_error = std::make_error_code(std::errc::too_many_files_open);
    world.supervisor().note_orphan(100, FakeChildren::adopter_of_orphans);
    world.update();
    world.adopt_error = {};
    world.adopted.clear();
    world.advance(1s);
    CHECK(world.adopted == expected);
    CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
  }
  SECTION("but not as it may never be added") {
    world.start();
    world.launch_ids = {{100, world.children.latest().command.launch_id}};
    world.adopt_error = std::make_error_code(std::errc::permission_denied);
    world.supervisor().note_orphan(100, FakeChildren::adopter_of_orphans);
    world.update();
    CHECK(world.adopted == expected);
    CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
  }
  SECTION("as it was no tree before") {
    config.scope = SampleScope::process;
    FakeSupervision other({config});
    other.start();
    other.launch_ids = {{100, other.children.latest().command.launch_id}};
    config.scope = SampleScope::tree;
    Command reload{.verb = Command::Verb::reload, .target = {}, .processes = {config}};
    other.supervisor().submit(std::move(reload), [](const CommandReply&) {});
    other.update();
    CHECK(other.adopted == expected);
  }
}

TEST_CASE("orphans without end hold up neither signals nor commands") {
  FakeSupervision world({child_config()});
  world.start();
  for (ProcessId pid = 100; pid < 1100; ++pid) world.children.add_orphan(pid);
  world.update();
  CHECK_FALSE(world.children.orphans().empty());
  CHECK(world.until_next_deadline() <= 0s);
  for (int i = 0; i < 4; ++i) world.update();
  CHECK(world.children.orphans().empty());
  CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
}

TEST_CASE("many starts are made in parts, so that others are heard in between") {
  ProcessConfig config = child_config();
  config.instances = 100;
  FakeSupervision world({config});
  world.update();
  const std::size_t first = world.children.launches();
  CHECK(first > 0);
  CHECK(first < 100);
  CHECK(world.until_next_deadline() <= 0s);
  CHECK(world.status(99).state == ProcessState::backoff);
  world.supervisor().request_stop();
  world.update();
  CHECK(world.children.launches() == first);
  CHECK(world.supervisor().finished());
}

TEST_CASE(
    "a status that has not changed is the same object, a list without changes the same list") {
  FakeSupervision world({child_config("a"), child_config("b")});
  world.start();
  const SharedStatusList first = world.supervisor().status();
  world.update();
  CHECK(world.supervisor().status() == first);
  world.children.group(1).end({});
  world.update();
  const SharedStatusList second = world.supervisor().status();
  CHECK(second != first);
  CHECK(second->at(0) == first->at(0));
  CHECK(first->at(1)->state == ProcessState::running);
  CHECK(second->at(1)->state == ProcessState::exited);
}
