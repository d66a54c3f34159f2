#include "daemon/supervisor/managed_child.hpp"

#include "support/fake_supervision.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>
#include <string>
#include <system_error>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

constexpr ExitStatus failure{.code = 3, .signal = 0};

}  // namespace

TEST_CASE("a child that ends by itself stays known with how it ended") {
  FakeSupervision world({child_config()});
  world.start();
  const Timestamp started = world.clock.utc_now();
  REQUIRE(world.status().started);
  CHECK(world.status().started->at == started);
  CHECK(world.status().started->monotonic == world.clock.monotonic_now());
  world.clock.advance(2100ms);
  world.children.latest().end(failure);
  world.update();
  const ProcessStatus status = world.status();
  CHECK(status.state == ProcessState::exited);
  CHECK_FALSE(status.pid);
  CHECK_FALSE(status.started);
  REQUIRE(status.last_exit);
  CHECK(status.last_exit->status == failure);
  CHECK(status.last_exit->at == started + 2100ms);
  CHECK(status.restarts == 0);
  CHECK(world.log.count("WARN app: ended after 2.1s, exit code 3") == 1);
  world.advance(1h);
  CHECK(world.children.launches() == 1);
}

TEST_CASE("a restart waits for restart_interval, counted from the end") {
  FakeSupervision world({restarting()});
  world.start();
  world.children.latest().end({});
  world.update();
  CHECK(world.status().state == ProcessState::backoff);
  CHECK(world.until_next_deadline() == 2s);
  world.advance(1999ms);
  CHECK(world.children.launches() == 1);
  world.advance(1ms);
  CHECK(world.children.launches() == 2);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().pid == world.children.group(1).pid);
  CHECK(world.status().restarts == 1);
  CHECK(world.status().last_exit);
}

TEST_CASE("a restart waits for what the leader left in its group") {
  FakeSupervision world({restarting()});
  world.children.pattern.has_workers = true;
  world.children.pattern.workers_heed_terminate = false;
  world.start();
  world.children.latest().end({});
  world.update();
  CHECK(world.status().state == ProcessState::backoff);
  CHECK_FALSE(world.status().pid);
  world.advance(4999ms);  // much longer than restart_interval
  CHECK(world.children.launches() == 1);
  CHECK(world.children.latest().killed == 0);

  SECTION("and kills it when stop_timeout has passed") {
    world.advance(1ms);
    CHECK(world.children.latest().killed == 1);
    CHECK(world.log.count("app: what it left running did not end within 5.0s and is killed") == 1);
    world.advance(50ms);
    world.update();
    CHECK(world.children.launches() == 2);
  }
  SECTION("and goes on as soon as it has gone by itself") {
    world.children.latest().has_workers = false;
    world.advance(50ms);
    world.update();
    CHECK(world.children.launches() == 2);
    CHECK(world.children.group(0).killed == 0);
  }
  SECTION("and does not take place when a stop is requested meanwhile") {
    world.supervisor().request_stop();
    CHECK(world.status().state == ProcessState::stopping);
    CHECK_FALSE(world.supervisor().finished());
    world.advance(1ms);
    CHECK(world.children.latest().killed == 1);
    world.advance(1h);
    CHECK(world.supervisor().finished());
    CHECK(world.children.launches() == 1);
  }
}

TEST_CASE("while a group ends it is looked at often, as nobody tells of its end") {
  FakeSupervision world({child_config()});
  world.children.pattern.has_workers = true;
  world.children.pattern.workers_heed_terminate = false;
  world.start();
  world.children.latest().end({});
  world.update();
  CHECK(world.status().state == ProcessState::stopping);
  CHECK(world.until_next_deadline() == 50ms);
}

TEST_CASE("a stop ends the waiting for a restart") {
  FakeSupervision world({restarting()});
  world.start();
  world.children.latest().end({});
  world.update();
  world.supervisor().request_stop();
  CHECK(world.supervisor().finished());
  CHECK(world.status().state == ProcessState::exited);
  world.advance(1h);
  CHECK(world.children.launches() == 1);
}

TEST_CASE("a stop asks once, kills at the deadline, and waits for workers too") {
  FakeSupervision world({restarting()});
  world.children.pattern.has_workers = true;
  world.children.pattern.workers_heed_terminate = false;
  world.start();
  world.supervisor().request_stop();
  FakeGroup& group = world.children.latest();
  CHECK(group.terminated == 1);
  CHECK(world.status().state == ProcessState::stopping);
  world.advance(10ms);
  CHECK(group.exit);
  CHECK_FALSE(world.supervisor().finished());
  world.advance(4990ms);
  CHECK(group.killed == 1);
  world.advance(50ms);
  CHECK(world.supervisor().finished());
  CHECK(world.status().state == ProcessState::exited);
  CHECK(world.log.count("WARN app: ended") == 0);  // the stop was requested
  CHECK(world.log.count("INFO app: ended after 10ms, " + group.exit->to_string()) == 1);
}

TEST_CASE("a failed start is tried again with auto_restart and logged once an error") {
  FakeSupervision world({restarting()});
  world.children.refuse(std::errc::no_such_file_or_directory, "cannot find program");
  world.start();
  CHECK(world.status().state == ProcessState::backoff);
  CHECK(world.status().last_error == "cannot find program: No such file or directory");
  CHECK(world.until_next_deadline() == 2s);
  world.advance(2s);
  CHECK(world.until_next_deadline() == 4s);
  world.advance(4s);
  CHECK(world.children.attempts() == 3);
  CHECK(world.log.count("ERROR app: could not start: cannot find program") == 1);
  CHECK(world.log.count("DEBUG app: could not start: cannot find program") == 2);

  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  world.advance(8s);
  CHECK(world.log.count("ERROR app: could not start: cannot execute program") == 1);

  world.children.accept();
  world.advance(16s);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().last_error.empty());
  CHECK(world.status().restarts == 4);
}

TEST_CASE("a start that there is no memory for is a failed one") {
  FakeSupervision world({restarting()});
  world.children.throw_bad_alloc(true);
  world.start();
  CHECK(world.status().state == ProcessState::backoff);
  const std::error_code no_memory = std::make_error_code(std::errc::not_enough_memory);
  CHECK(world.status().last_error == "cannot prepare the start: " + no_memory.message());
  world.children.throw_bad_alloc(false);
  world.advance(2s);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a failed start without auto_restart is final") {
  FakeSupervision world({child_config()});
  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  world.start();
  world.advance(1h);
  CHECK(world.children.attempts() == 1);
  CHECK(world.status().state == ProcessState::failed);
  CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
}

TEST_CASE("a failed start that waits for another try is failed after a stop") {
  FakeSupervision world({restarting()});
  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  world.start();
  world.supervisor().request_stop();
  CHECK(world.supervisor().finished());
  CHECK(world.status().state == ProcessState::failed);
}

TEST_CASE("with a command, pid_file holds the PID while the process runs") {
  const TempDirectory directory;
  ProcessConfig config = restarting();
  config.pid_file = directory.path() / "app.pid";
  FakeSupervision world({config});
  world.start();
  const auto expected = [&] { return std::to_string(world.children.latest().pid) + "\n"; };
  CHECK(read_text(config.pid_file) == expected());

  SECTION("it goes when the process ends and comes back with the next one") {
    world.children.latest().end({});
    world.update();
    CHECK_FALSE(std::filesystem::exists(config.pid_file));
    world.advance(2s);
    REQUIRE(world.children.launches() == 2);
    CHECK(read_text(config.pid_file) == expected());
  }
  SECTION("one that names another process by then is left alone") {
    write_text(config.pid_file, "1\n");
    world.children.latest().end({});
    world.update();
    CHECK(read_text(config.pid_file) == "1\n");
  }
}

TEST_CASE("a pid_file that cannot be written is one warning, not one a restart") {
  ProcessConfig config = restarting();
  config.pid_file = "/no/such/directory/app.pid";
  FakeSupervision world({config});
  world.start();
  for (int i = 0; i < 3; ++i) {
    world.children.latest().end({});
    world.update();
    world.advance(2s);
  }
  CHECK(world.children.launches() == 4);
  CHECK(world.log.count("WARN app: pid_file /no/such/directory/app.pid cannot be written: ") == 1);
  CHECK(world.status().last_error.starts_with("pid_file /no/such/directory/app.pid cannot"));
}

TEST_CASE("a start that lacks descriptors waits for those that have them, and is no failed one") {
  FakeSupervision world({child_config()});
  const std::string why = "cannot create a process for program: " +
                          std::make_error_code(std::errc::too_many_files_open).message();
  world.children.refuse(std::errc::too_many_files_open, "cannot create a process for program");
  world.start();
  CHECK(world.status().state == ProcessState::backoff);
  world.advance(1s);
  CHECK(world.status().restarts == 0);
  CHECK(world.status().last_error == why);
  SECTION("until it succeeds") {
    world.children.accept();
    world.advance(1s);
    CHECK(world.status().state == ProcessState::running);
    CHECK(world.status().restarts == 0);
    CHECK(world.status().last_error.empty());
    CHECK(world.log.count("could not start") == 0);
  }
  SECTION("or for so long that it fails") {
    world.advance(29s);
    CHECK(world.status().state == ProcessState::failed);
    CHECK(world.log.count("ERROR app: could not start: " + why) == 1);
  }
}

TEST_CASE("a restart that fails at once is a failed start like any other") {
  ProcessConfig config = restarting();
  const bool is_given_up = GENERATE(false, true);
  if (is_given_up) config.retry_count = 1;
  FakeSupervision world({config});
  world.start();
  world.children.refuse(std::errc::resource_unavailable_try_again, "cannot create a process");
  world.supervisor().submit({.verb = Command::Verb::restart, .target = "app"},
                            [](const CommandReply&) {});
  for (int round = 0; round < 5; ++round) world.advance(50ms);
  CHECK(world.children.attempts() == 2);
  CHECK(world.status().state == (is_given_up ? ProcessState::failed : ProcessState::backoff));
  CHECK(world.status().restarts == 1);
}

TEST_CASE("failed starts count as restarts") {
  FakeSupervision world({restarting()});
  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  world.start();
  CHECK(world.status().restarts == 0);
  world.advance(2s);
  CHECK(world.status().restarts == 1);
}

TEST_CASE("a program that ends at once with 0 is suspected of running in the background") {
  const auto hint = "app: ended at once with 0: does it put itself in the background?";
  SECTION("if it is restarted; reported once, and shown until the next start") {
    FakeSupervision world({restarting()});
    world.start();
    for (int i = 0; i < 3; ++i) {
      world.children.latest().end({});
      world.update();
      CHECK(world.status().last_error.starts_with("ended at once with 0"));
      world.advance(2s);
      CHECK(world.status().last_error.empty());
    }
    CHECK(world.log.count(hint) == 1);
  }
  SECTION("if it leaves something outside its group, however long it ran") {
    FakeSupervision world({child_config()});
    world.children.pattern.has_escaped = true;
    world.start();
    world.clock.advance(2s);
    world.children.latest().end({});
    world.update();
    CHECK(world.log.count("WARN app: ended with 0: does it put itself in the background?") == 1);
  }
  SECTION("not if it ran for a second, failed, was asked to end, or had just something to do") {
    FakeSupervision world({restarting(), child_config("task")});
    world.start();
    world.children.group(1).end({});
    world.advance(1s);
    world.children.group(0).end({});
    world.update();
    world.advance(2s);
    world.children.latest().end(failure);
    world.update();
    world.advance(2s);
    world.supervisor().request_stop();
    world.update();
    CHECK(world.log.count("in the background") == 0);
  }
}

TEST_CASE("a process that cannot be measured is one warning and tried again every second") {
  FakeSupervision world({child_config()});
  world.track_error = std::make_error_code(std::errc::too_many_files_open);
  world.start();
  CHECK(world.until_next_deadline() == 1s);
  world.advance(1s);
  CHECK(world.log.count("WARN app: cannot be measured: ") == 1);
  CHECK(world.log.count("DEBUG app: cannot be measured: ") == 1);
  world.track_error.clear();
  world.advance(1s);
  CHECK(world.supervisor().next_deadline() == MonotonicTime::max());
  world.advance(1h);
  CHECK(world.log.count("cannot be measured") == 2);
}

TEST_CASE("a process that has ended before it could be measured is no warning") {
  FakeSupervision world({child_config()});
  world.track_error = std::make_error_code(std::errc::no_such_process);
  world.children.pattern.exit = ExitStatus{};
  world.start();
  CHECK(world.log.count("DEBUG app: cannot be measured: ") == 1);
  CHECK(world.log.count("WARN") == 0);
}

TEST_CASE("a child that runs but is not shown is said to be hidden") {
  FakeSupervision world({child_config()});
  world.track_error = std::make_error_code(std::errc::no_such_process);
  world.start();
  CHECK(world.log.count("WARN app: cannot be measured: it is hidden from provisrd") == 1);
}

TEST_CASE("children are never measured by PIDs of another namespace") {
  ProcessConfig config = child_config();
  config.instances = 3;
  FakeSupervision world({config});
  world.can_measure_children = false;
  world.start();
  CHECK(world.tracked == 0);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.log.count("WARN") == 1);
  CHECK(world.log.count("belongs to another PID namespace: children are not measured") == 1);
}

TEST_CASE("a process is starting until it has run for start_duration") {
  ProcessConfig config = restarting();
  config.start_duration = 3s;
  FakeSupervision world({config});
  world.start();
  CHECK(world.status().state == ProcessState::starting);
  CHECK(world.status().pid == world.children.latest().pid);
  CHECK(world.tracked == 1);
  CHECK(world.until_next_deadline() == 3s);
  world.advance(2999ms);
  CHECK(world.status().state == ProcessState::starting);
  world.advance(1ms);
  CHECK(world.status().state == ProcessState::running);

  SECTION("a later end is no failed start") {
    world.children.latest().end(failure);
    world.update();
    CHECK(world.status().last_error.empty());
    CHECK(world.until_next_deadline() == 2s);
  }
}

TEST_CASE("one that ends before start_duration waits longer each time") {
  ProcessConfig config = restarting();
  config.start_duration = 3s;
  config.max_restart_interval = 10s;
  FakeSupervision world({config});
  world.start();
  const auto end_early = [&] {
    world.clock.advance(1s);
    world.children.latest().end(failure);
    world.update();
  };
  for (const auto pause : {2s, 4s, 8s, 8s}) {  // jitter takes at most a fifth off 10 s
    end_early();
    CHECK(world.status().state == ProcessState::backoff);
    CHECK(world.status().last_error == "ended after 1.0s, before its start_duration of 3.0s");
    CHECK(world.status().last_exit->status == failure);
    CHECK(world.until_next_deadline() == pause);
    world.advance(pause);
    CHECK(world.status().last_error.empty());
  }

  SECTION("until it has run") {
    world.advance(3s);
    REQUIRE(world.status().state == ProcessState::running);
    world.children.latest().end(failure);
    world.update();
    CHECK(world.until_next_deadline() == 2s);
  }
  SECTION("until somebody starts it") {
    end_early();
    world.supervisor().submit({.verb = Command::Verb::start, .target = "app"},
                              [](const CommandReply&) {});
    world.update();
    REQUIRE(world.status().state == ProcessState::starting);
    end_early();
    CHECK(world.until_next_deadline() == 2s);
  }
}

TEST_CASE("retry_count failed starts in a row are the last") {
  ProcessConfig config = restarting();
  config.start_duration = 3s;
  config.retry_count = 2;
  config.retry_interval = 5s;
  FakeSupervision world({config});
  world.start();
  SECTION("of a process that ends too soon") {
    world.children.latest().end(failure);
    world.update();
    CHECK(world.until_next_deadline() == 5s);
    world.advance(5s);
    world.children.latest().end(failure);
    world.update();
    CHECK(world.log.count("ERROR app: given up after 2 failed starts in a row: ended after") == 1);
  }
  SECTION("of one that cannot be started") {
    world.children.latest().end(failure);
    world.children.refuse(std::errc::permission_denied, "cannot execute program");
    world.update();
    world.advance(5s);
    CHECK(world.status().last_error ==
          "given up after 2 failed starts in a row: cannot execute program: Permission denied");
  }
  CHECK(world.status().state == ProcessState::failed);
  CHECK(world.supervisor().next_deadline() == MonotonicTime::max());

  world.children.accept();
  world.supervisor().submit({.verb = Command::Verb::start, .target = "app"},
                            [](const CommandReply&) {});
  world.update();
  world.update();
  CHECK(world.status().state == ProcessState::starting);
}

TEST_CASE("restarts of processes that ended together are spread") {
  FakeSupervision world({restarting()});
  world.start();
  world.random_fraction = 0.5;
  world.children.latest().end({});
  world.update();
  CHECK(world.until_next_deadline() == 2250ms);
}

TEST_CASE("a program that is not executed yet is looked at, ever less often") {
  FakeSupervision world({restarting(), child_config("other")});
  world.children.pattern.execution = Execution::pending;
  world.start();
  FakeGroup& group = world.children.group(0);
  CHECK(world.status().state == ProcessState::starting);
  CHECK(world.status(1).state == ProcessState::starting);  // does not wait for the first process
  CHECK(world.tracked == 0);
  CHECK(world.log.count("started, pid") == 0);
  CHECK(world.until_next_deadline() == 2ms);
  world.advance(2ms);
  CHECK(world.until_next_deadline() == 2ms);
  world.advance(2ms);
  CHECK(world.until_next_deadline() == 4ms);

  SECTION("until it runs") {
    group.execution = Execution::done;
    world.advance(4ms);
    CHECK(world.status().state == ProcessState::running);
    CHECK(world.tracked == 1);
    CHECK(world.log.count("INFO app: started, pid") == 1);
  }
  SECTION("or fails to") {
    group.execution = Execution::failed;
    group.start_failure = {std::make_error_code(std::errc::no_such_file_or_directory),
                           "cannot find program"};
    group.end({.code = 127, .signal = 0});
    world.update();
    CHECK(world.status().state == ProcessState::backoff);
    CHECK(world.status().last_error == "cannot find program: No such file or directory");
    CHECK_FALSE(world.status().last_exit);
    CHECK_FALSE(world.status().pid);
    CHECK(group.is_collected);
  }
  SECTION("or ends on its way") {
    group.end({.code = 0, .signal = 9});
    group.execution = Execution::done;
    world.update();
    CHECK(world.status().last_exit->status.signal == 9);
  }
  SECTION("or for so long that it is told") {
    for (int i = 0; i < 20; ++i) world.advance(1s);
    const auto text = "program is not executed yet: does a file system not answer?";
    CHECK(world.status().last_error == text);
    CHECK(world.log.count(std::string("WARN app: ") + text) == 1);
    CHECK(world.until_next_deadline() == 1s);
    group.execution = Execution::done;
    world.advance(1s);
    CHECK(world.status().last_error.empty());
  }
  SECTION("or until a stop is requested") {
    world.supervisor().request_stop();
    CHECK(group.terminated == 1);
    CHECK(world.status().state == ProcessState::stopping);
    world.update();
    world.advance(50ms);
    CHECK(world.supervisor().finished());
  }
}

TEST_CASE("output files are named by the process unless the configuration names them") {
  ProcessConfig config = child_config();
  config.instances = 2;
  config.log = {.stdout_file = {}, .stderr_file = "/var/log/errors", .directory = "/var/log/app"};
  FakeSupervision world({config});
  world.start();
  const ChildCommand& command = world.children.group(1).command;
  CHECK(command.stdout_file == "/var/log/app/app-2.stdout.log");
  CHECK(command.stderr_file == "/var/log/errors");
  CHECK(command.log_directory == "/var/log/app");
}
