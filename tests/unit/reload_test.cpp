#include "support/fake_supervision.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

namespace {

struct ReloadWorld : FakeSupervision {
  using FakeSupervision::FakeSupervision;

  std::chrono::milliseconds history_ttl = 1min;  ///< of every reload

  ReloadChanges reload(std::vector<ProcessConfig> processes) {
    Command command{.verb = Command::Verb::reload, .target = {}, .processes = std::move(processes)};
    command.history_ttl = history_ttl;
    std::vector<CommandReply> replies;
    supervisor().submit(std::move(command),
                        [&](const CommandReply& reply) { replies.push_back(reply); });
    update();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].outcome == CommandReply::Outcome::done);
    return replies[0].changes;
  }

  void submit(Command::Verb verb, std::string name) {
    supervisor().submit({.verb = verb, .target = std::move(name)}, [](const CommandReply&) {});
    update();
  }

  Names names() {
    Names names;
    for (const auto& status : *supervisor().status()) names.push_back(status->name);
    return names;
  }
};

ProcessConfig with_instances(int count) {
  ProcessConfig config = child_config();
  config.instances = count;
  return config;
}

}  // namespace

TEST_CASE("other limits are told, and hold without a restart") {
  ReloadWorld world({restarting(), foreign_config()});
  world.start();
  ProcessConfig child = restarting();
  ProcessConfig foreign = foreign_config();
  child.limits.max_memory_mb = 512;
  foreign.limits.max_cpu_percent = 100;
  const ReloadChanges changes = world.reload({child, foreign});
  CHECK(changes.changed == Names{"app", "nginx"});
  CHECK(changes.restarted.empty());
  CHECK(world.children.launches() == 1);
  CHECK(world.reload({child, foreign}).empty());
}

TEST_CASE("a reload of the same configuration changes nothing") {
  ReloadWorld world({restarting(), foreign_config()});
  world.start();
  CHECK(world.reload({restarting(), foreign_config()}).empty());
  CHECK(world.children.launches() == 1);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("more instances leave those that run alone") {
  ReloadWorld world({with_instances(2)});
  world.start();
  const ReloadChanges changes = world.reload({with_instances(3)});
  CHECK(changes.started == Names{"app-3"});
  CHECK(changes.restarted.empty());
  CHECK(world.children.launches() == 3);
  CHECK(world.children.group(0).terminated == 0);
  CHECK(world.names() == Names{"app-1", "app-2", "app-3"});
}

TEST_CASE("fewer instances stop those beyond, and take them off the list once they have ended") {
  ReloadWorld world({with_instances(3)});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const ReloadChanges changes = world.reload({with_instances(2)});
  CHECK(changes.stopped == Names{"app-3"});
  CHECK(world.names() == Names{"app-1", "app-2", "app-3"});
  CHECK(world.status(2).state == ProcessState::stopping);
  CHECK(world.registry.snapshot().find("app-3"));
  world.children.group(2).end({});
  world.update();
  CHECK(world.names() == Names{"app-1", "app-2"});
  CHECK(world.children.group(2).is_collected);
  CHECK(world.children.group(0).terminated == 0);

  SECTION("its history stays for a while") {
    REQUIRE(world.registry.snapshot().find("app-3"));
    CHECK(world.registry.snapshot().find("app-3")->retired());
    CHECK(world.until_next_deadline() == 1min);
    world.advance(1min);
    CHECK_FALSE(world.registry.snapshot().find("app-3"));
  }
  SECTION("and longer if the name returns") {
    world.reload({with_instances(3)});
    CHECK_FALSE(world.registry.snapshot().find("app-3")->retired());
    world.advance(2min);
    CHECK(world.registry.snapshot().find("app-3"));
    CHECK(world.children.launches() == 4);
  }
}

TEST_CASE("what runs is started anew only if it would be another process") {
  ReloadWorld world({restarting()});
  world.start();
  ProcessConfig changed = restarting();

  SECTION("another environment") {
    changed.env = {"A=1"};
    CHECK(world.reload({changed}).restarted == Names{"app"});
    CHECK(world.children.group(0).terminated == 1);
    world.update();
    world.advance(50ms);
    REQUIRE(world.children.launches() == 2);
    CHECK(world.children.latest().command.env == changed.env);
    CHECK(world.status().restarts == 1);
  }
  SECTION("without the environment of provisrd") {
    changed.inherits_env = false;
    CHECK(world.reload({changed}).restarted == Names{"app"});
  }
  SECTION("other rules hold from now on") {
    changed.restart_interval = 7s;
    changed.stop_signal = 2;
    CHECK(world.reload({changed}).changed == Names{"app"});
    CHECK(world.children.group(0).terminated == 0);
    world.children.latest().end({});
    world.update();
    CHECK(world.until_next_deadline() == 7s);
    CHECK(world.children.latest().signal == 2);
  }
}

TEST_CASE("a restart that is waited for comes when the new configuration says") {
  ProcessConfig config = restarting();
  config.restart_interval = 1h;
  ReloadWorld world({config});
  world.start();
  world.children.latest().end({});
  world.update();
  REQUIRE(world.until_next_deadline() == 1h);

  SECTION("sooner") {
    world.advance(1s);
    config.restart_interval = 3s;
    CHECK(world.reload({config}).changed == Names{"app"});
    CHECK(world.until_next_deadline() == 2s);
    world.advance(2s);
    CHECK(world.children.launches() == 2);
  }
  SECTION("at once if it is past its time") {
    world.advance(10s);
    config.restart_interval = 3s;
    world.reload({config});
    CHECK(world.children.launches() == 2);
  }
  SECTION("later") {
    config.restart_interval = 2h;
    world.reload({config});
    CHECK(world.until_next_deadline() == 2h);
  }
  SECTION("when it was to come, if nothing is said about it") {
    config.limits.max_memory_mb = 512;
    world.random_fraction = 1;
    world.reload({config});
    CHECK(world.until_next_deadline() == 1h);
  }
  SECTION("never") {
    config.auto_restart = false;
    world.reload({config});
    CHECK(world.status().state == ProcessState::exited);
    CHECK_FALSE(world.status().next_start);
    world.advance(2h);
    CHECK(world.children.launches() == 1);
  }
}

TEST_CASE("a process whose failed starts are enough for the new configuration is given up") {
  ProcessConfig config = restarting();
  config.max_restart_interval = 2s;
  ReloadWorld world({config});
  world.children.refuse(std::errc::no_such_file_or_directory, "cannot find program");
  world.start();
  world.advance(2s);
  REQUIRE(world.children.attempts() == 2);
  config.retry_count = 2;
  world.reload({config});
  CHECK(world.status().state == ProcessState::failed);

  SECTION("once and for all") {
    const std::string error = world.status().last_error;
    config.restart_interval = 1s;
    world.reload({config});
    config.auto_restart = false;
    world.reload({config});
    world.advance(1h);
    CHECK(world.status().state == ProcessState::failed);
    CHECK(world.status().last_error == error);
    CHECK(world.log.count("ERROR app: given up") == 1);
    CHECK(world.children.attempts() == 2);
  }
  SECTION("and tried again once more are allowed") {
    config.retry_count = 3;
    world.reload({config});
    world.advance(2s);
    CHECK(world.children.attempts() == 3);
    CHECK(world.status().state == ProcessState::failed);
  }
  SECTION("and stays stopped once it was stopped by hand") {
    world.submit(Command::Verb::stop, "app");
    config.retry_count = 0;
    world.reload({config});
    world.advance(1h);
    CHECK(world.children.attempts() == 2);
  }
}

TEST_CASE("a process that has ended is started again once auto_restart is set") {
  ReloadWorld world({child_config()});
  world.start();
  world.children.latest().end({});
  world.update();
  REQUIRE(world.status().state == ProcessState::exited);
  world.reload({restarting()});
  CHECK(world.status().state == ProcessState::backoff);
  world.advance(2s);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a start that was asked for and is about to come is not called off") {
  std::vector<ProcessConfig> many;
  for (int number = 0; number < 40; ++number) many.push_back(child_config(std::to_string(number)));
  ReloadWorld world(many);
  for (ProcessConfig& config : many) config.restart_interval = 7s;
  world.start();
  REQUIRE(world.children.launches() < many.size());
  world.reload(many);
  world.update();
  CHECK(world.children.launches() == many.size());
}

TEST_CASE("a process that starts runs once it has run for the new start_duration") {
  ProcessConfig config = restarting();
  config.start_duration = 24h;
  ReloadWorld world({config});
  world.start();
  world.advance(3s);
  REQUIRE(world.status().state == ProcessState::starting);
  config.start_duration = 5s;
  world.reload({config});
  CHECK(world.status().state == ProcessState::starting);
  world.advance(2s);
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("what is asked to end is killed by the new stop_timeout") {
  ProcessConfig config = restarting();
  config.stop_timeout = 24h;
  ReloadWorld world({config});
  world.children.pattern.heeds_terminate = false;
  world.start();
  SECTION("whoever asked") {
    world.submit(Command::Verb::stop, "app");
  }
  SECTION("also if a name returns meanwhile") {
    world.reload({});
  }
  SECTION("also if it is to be started anew at the same time") {
    world.submit(Command::Verb::restart, "app");
    config.env = {"A=1"};
  }
  world.advance(3s);
  config.stop_timeout = 5s;
  world.reload({config});
  world.advance(1999ms);
  CHECK(world.children.group(0).killed == 0);
  world.advance(1ms);
  CHECK(world.children.group(0).killed == 1);
}

TEST_CASE("a changed process that had ended, or could not start, is started") {
  ReloadWorld world({child_config()});
  world.children.refuse(std::errc::no_such_file_or_directory, "cannot find program");
  world.start();
  REQUIRE(world.status().state == ProcessState::failed);
  world.children.accept();
  ProcessConfig mended = child_config();
  mended.argv = {"other"};
  world.reload({mended});
  world.update();
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.children.latest().command.argv == mended.argv);
}

TEST_CASE("what was stopped by hand stays stopped") {
  ReloadWorld world({restarting()});
  world.start();
  world.submit(Command::Verb::stop, "app");
  world.update();
  world.advance(50ms);
  REQUIRE(world.status().state == ProcessState::stopped);
  ProcessConfig changed = restarting();
  changed.argv = {"other"};
  const auto changes = world.reload({changed});
  CHECK(changes.restarted.empty());
  CHECK(changes.changed == Names{"app"});
  world.advance(1h);
  CHECK(world.status().state == ProcessState::stopped);
  world.submit(Command::Verb::start, "app");
  world.update();
  CHECK(world.children.latest().command.argv == changed.argv);
}

TEST_CASE("a name that returns while its process still ends is started after that") {
  ReloadWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  world.reload({});
  CHECK(world.reload({restarting()}).restarted == Names{"app"});
  CHECK(world.children.launches() == 1);
  world.children.latest().end({});
  world.update();
  world.update();
  CHECK(world.children.launches() == 2);
  CHECK(world.names() == Names{"app"});
}

TEST_CASE("a process can become one that somebody else runs, and the other way round") {
  ProcessConfig watched = foreign_config();
  watched.name = "app";
  ReloadWorld world({child_config()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  CHECK(world.reload({watched}).restarted == Names{"app"});
  CHECK(world.status().kind == ProcessKind::child);
  world.children.latest().end({});
  world.update();
  CHECK(world.status().kind == ProcessKind::pid_file);
  CHECK(world.names() == Names{"app"});
  world.reload({child_config()});
  world.update();
  CHECK(world.status().kind == ProcessKind::child);
  CHECK(world.children.launches() == 2);
}

TEST_CASE("a stop ends what a reload had begun") {
  ProcessConfig watched = foreign_config();
  watched.name = "app";
  ReloadWorld world({watched});
  world.start();
  world.reload({child_config(), child_config("other")});
  world.reload({watched});
  world.supervisor().request_stop();
  world.update();
  world.advance(50ms);
  CHECK(world.supervisor().finished());
  world.advance(1h);
  CHECK(world.supervisor().finished());
}

TEST_CASE("another pid_file ends the watching of the process before") {
  const TempDirectory directory;
  ProcessConfig watched = foreign_config();
  ReloadWorld world({watched});
  world.start();
  watched.pid_file = directory.path() / "other.pid";
  CHECK(world.reload({watched}).changed == Names{"nginx"});
  world.update();
  CHECK(world.status().last_error.find("other.pid") != std::string::npos);
}

TEST_CASE("a changed pid_file moves with the restart") {
  const TempDirectory directory;
  ProcessConfig config = restarting();
  config.pid_file = directory.path() / "old.pid";
  ReloadWorld world({config});
  world.start();
  REQUIRE(std::filesystem::exists(config.pid_file));
  config.pid_file = directory.path() / "new.pid";
  world.reload({config});
  world.update();
  world.advance(50ms);
  CHECK_FALSE(std::filesystem::exists(directory.path() / "old.pid"));
  CHECK(std::filesystem::exists(config.pid_file));
}

TEST_CASE(
    "the histories of names that are gone are kept as long as the latest configuration says") {
  ReloadWorld world({child_config("a"), child_config("b"), child_config("c")});
  world.start();
  const auto are_kept = [&](std::string_view name) {
    return world.registry.snapshot().find(name).has_value();
  };
  world.history_ttl = 10h;
  world.reload({child_config("b"), child_config("c")});
  world.update();
  world.advance(1min);
  REQUIRE(are_kept("a"));

  SECTION("not longer than a shorter time") {
    world.history_ttl = 2min;
    world.reload({child_config("c")});
    world.update();
    world.advance(1min);
    CHECK_FALSE(are_kept("a"));
    CHECK(are_kept("b"));
    CHECK(world.until_next_deadline() == 1min);
    world.advance(1min);
    CHECK_FALSE(are_kept("b"));
  }
  SECTION("as long as a longer one") {
    world.history_ttl = 20h;
    world.reload({child_config("c")});
    world.update();
    world.advance(11h);
    CHECK(are_kept("a"));
    world.advance(9h - 1min);
    CHECK_FALSE(are_kept("a"));
    CHECK(are_kept("b"));
  }
  SECTION("not at all") {
    world.history_ttl = 0ms;
    world.reload({child_config("c")});
    world.update();
    CHECK_FALSE(are_kept("a"));
    CHECK_FALSE(are_kept("b"));
  }
}

TEST_CASE("order follows the new configuration") {
  ReloadWorld world({child_config("a"), child_config("b")});
  world.start();
  world.reload({child_config("c"), child_config("b"), child_config("a")});
  CHECK(world.names() == Names{"c", "b", "a"});
  world.update();
  CHECK(world.children.launches() == 3);
  world.children.group(0).end({.code = 3, .signal = 0});  // the group of "a"
  world.update();
  CHECK(world.status(2).state == ProcessState::exited);
  CHECK(world.status(1).state == ProcessState::running);
}
