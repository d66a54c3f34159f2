#include "daemon/supervisor/managed_child.hpp"

#include "support/fake_supervision.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>
#include <string>

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
  world.advance(4999ms);  // restart_interval has long passed
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
  CHECK(world.log.count("WARN app: ended") == 0);  // as asked
  CHECK(world.log.count("INFO app: ended after 10ms, " + group.exit->to_string()) == 1);
}

TEST_CASE("a failed start is tried again with auto_restart and logged once an error") {
  FakeSupervision world({restarting()});
  world.children.refuse(std::errc::no_such_file_or_directory, "cannot find program");
  world.start();
  CHECK(world.status().state == ProcessState::backoff);
  CHECK(world.status().last_error == "cannot find program: No such file or directory");
  CHECK(world.until_next_deadline() == 2s);
  for (int i = 0; i < 4; ++i) world.advance(1s);
  CHECK(world.children.attempts() == 3);
  CHECK(world.log.count("ERROR app: could not start: cannot find program") == 1);
  CHECK(world.log.count("DEBUG app: could not start: cannot find program") == 2);

  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  world.advance(2s);
  CHECK(world.log.count("ERROR app: could not start: cannot execute program") == 1);

  world.children.accept();
  world.advance(2s);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().last_error.empty());
  CHECK(world.status().restarts == 4);
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
  CHECK(world.log.count("that of another PID namespace: what provisrd starts is not measured") ==
        1);
}
