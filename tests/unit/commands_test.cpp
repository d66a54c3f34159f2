#include "daemon/supervisor/command.hpp"
#include "support/fake_supervision.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Outcome = CommandReply::Outcome;
using Scope = Command::Scope;
using Verb = Command::Verb;

namespace {

/// The replies to one command.
struct Replies {
  std::vector<CommandReply> all;

  [[nodiscard]] std::vector<Outcome> outcomes() const {
    std::vector<Outcome> outcomes;
    for (const CommandReply& reply : all) outcomes.push_back(reply.outcome);
    return outcomes;
  }
};

/// A supervisor of fake children that receives commands.
struct CommandWorld : FakeSupervision {
  using FakeSupervision::FakeSupervision;

  Replies& submit(Command command) {
    replies_.push_back(std::make_unique<Replies>());
    Replies& replies = *replies_.back();
    supervisor().submit(std::move(command),
                        [&replies](const CommandReply& reply) { replies.all.push_back(reply); });
    return replies;
  }

  /// Submits a command and lets the supervisor see it.
  Replies& order(Verb verb, std::string target = "app", Scope scope = Scope::name) {
    Replies& replies = submit({verb, scope, std::move(target)});
    update();
    return replies;
  }

 private:
  std::vector<std::unique_ptr<Replies>> replies_;
};

const std::vector<Outcome> accepted{Outcome::accepted};
const std::vector<Outcome> accepted_and_done{Outcome::accepted, Outcome::done};
const std::vector<Outcome> accepted_and_failed{Outcome::accepted, Outcome::failed};

}  // namespace

TEST_CASE("what a command stopped stays stopped until a command starts it") {
  CommandWorld world({restarting()});
  world.start();
  world.children.latest().heeds_terminate = false;
  const Replies& stop = world.order(Verb::stop);
  CHECK(world.status().state == ProcessState::stopping);
  CHECK(stop.outcomes() == accepted);
  CHECK(stop.all[0].names == std::vector<std::string>{"app"});
  world.children.latest().end({});
  world.update();
  CHECK(world.status().state == ProcessState::stopped);
  CHECK(stop.outcomes() == accepted_and_done);
  world.advance(1h);
  CHECK(world.children.launches() == 1);
  CHECK_FALSE(world.supervisor().finished());

  const Replies& start = world.order(Verb::start);
  CHECK(start.outcomes() == accepted_and_done);
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().restarts == 1);
}

TEST_CASE("a stop escalates to a kill at its deadline") {
  CommandWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const Replies& stop = world.order(Verb::stop);
  world.advance(5s);
  CHECK(world.children.latest().killed == 1);
  world.update();
  CHECK(stop.outcomes() == accepted_and_done);
  CHECK(world.status().state == ProcessState::stopped);
}

TEST_CASE("a stop of what cannot be killed fails and says so") {
  CommandWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.children.pattern.heeds_kill = false;
  world.start();
  const Replies& stop = world.order(Verb::stop);
  world.advance(5s);
  world.advance(5s);
  CHECK(stop.outcomes() == accepted_and_failed);
  CHECK(stop.all.at(1).error == "app: the process could not be killed");
}

TEST_CASE("a restart ends the process and starts the next one at once") {
  CommandWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const Replies& restart = world.order(Verb::restart);
  CHECK(world.status().state == ProcessState::stopping);
  world.children.latest().end({});
  world.update();
  CHECK(world.children.launches() == 2);
  CHECK(world.status().state == ProcessState::running);
  CHECK(restart.outcomes() == accepted_and_done);
  CHECK(world.log.count("WARN") == 0);
}

TEST_CASE("a restart works without auto_restart, and of what does not run") {
  CommandWorld world({child_config()});
  world.start();
  world.order(Verb::restart);
  world.update();
  CHECK(world.children.launches() == 2);
  world.children.latest().end({});
  world.update();
  CHECK(world.status().state == ProcessState::exited);
  CHECK(world.order(Verb::restart).outcomes() == accepted_and_done);
  CHECK(world.children.launches() == 3);
}

TEST_CASE("a start ends the waiting for a restart") {
  CommandWorld world({restarting()});
  world.start();
  world.children.latest().end({.code = 1, .signal = 0});
  world.update();
  CHECK(world.status().state == ProcessState::backoff);
  CHECK(world.order(Verb::start).outcomes() == accepted_and_done);
  CHECK(world.children.launches() == 2);
}

TEST_CASE("a start of what runs is done at once and changes nothing") {
  CommandWorld world({restarting()});
  world.start();
  CHECK(world.order(Verb::start).outcomes() == accepted_and_done);
  CHECK(world.children.launches() == 1);
}

TEST_CASE("a start of what cannot be started fails with the reason") {
  CommandWorld world({restarting()});
  world.start();
  world.order(Verb::stop);
  world.children.refuse(std::errc::permission_denied, "cannot execute program");
  const Replies& start = world.order(Verb::start);
  CHECK(start.outcomes() == accepted_and_failed);
  CHECK(start.all.at(1).error == "app: cannot execute program: Permission denied");
}

TEST_CASE("the last command counts, the one before it fails") {
  CommandWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const Replies& stop = world.order(Verb::stop);
  const Replies& start = world.order(Verb::start);
  CHECK(stop.outcomes() == accepted_and_failed);
  CHECK(stop.all.at(1).error == "app: replaced by a later command");
  CHECK(start.outcomes() == accepted);
  world.children.latest().end({});
  world.update();
  CHECK(start.outcomes() == accepted_and_done);
  CHECK(world.children.launches() == 2);
}

TEST_CASE("a stop of what waits, has exited or failed is done at once") {
  CommandWorld world({restarting(), child_config("task")});
  world.start();
  world.children.group(0).end({});
  world.children.group(1).end({});
  world.update();
  CHECK(world.order(Verb::stop, "app").outcomes() == accepted_and_done);
  CHECK(world.order(Verb::stop, "task").outcomes() == accepted_and_done);
  CHECK(world.status(0).state == ProcessState::stopped);
  CHECK(world.status(1).state == ProcessState::stopped);
  world.advance(1h);
  CHECK(world.children.launches() == 2);
}

TEST_CASE("a base stands for its instances and nothing else") {
  ProcessConfig instances = restarting();
  instances.instances = 3;
  CommandWorld world({instances, child_config("app-server-1")});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const Replies& stop = world.order(Verb::stop, "app", Scope::base);
  CHECK(stop.all.at(0).names == std::vector<std::string>{"app-1", "app-2", "app-3"});
  for (std::size_t i = 0; i < 2; ++i) world.children.group(i).end({});
  world.update();
  CHECK(stop.outcomes() == accepted);
  world.children.group(2).end({});
  world.update();
  CHECK(stop.outcomes() == accepted_and_done);
  CHECK(world.status(3).state == ProcessState::running);
}

TEST_CASE("commands that nobody can obey are refused") {
  CommandWorld world({child_config(), foreign_config()});
  world.start();
  const Replies& unknown = world.order(Verb::stop, "other");
  CHECK(unknown.outcomes() == std::vector{Outcome::unknown});
  CHECK(unknown.all[0].error == "there is no process named \"other\"");
  CHECK(world.order(Verb::stop, "ap", Scope::base).outcomes() == std::vector{Outcome::unknown});
  CHECK(world.order(Verb::stop, "nginx").outcomes() == std::vector{Outcome::foreign});
}

TEST_CASE("nothing is started once the daemon ends") {
  CommandWorld world({restarting()});
  world.children.pattern.heeds_terminate = false;
  world.start();
  const Replies& restart = world.order(Verb::restart);
  world.supervisor().request_stop();
  CHECK(world.order(Verb::start).outcomes() == std::vector{Outcome::shutting_down});
  world.children.latest().end({});
  world.update();
  CHECK(world.supervisor().finished());
  CHECK(world.children.launches() == 1);
  CHECK(restart.outcomes() == accepted_and_failed);
}
