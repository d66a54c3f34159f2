#include "daemon/supervisor/supervisor.hpp"

#include "daemon/platform/events.hpp"
#include "daemon/platform/process_handle.hpp"
#include "support/child_program.hpp"
#include "support/live_children.hpp"
#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <functional>
#include <future>
#include <memory>
#include <set>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Until = Supervisor::Until;

namespace {

struct StopAtEnd {
  int signal;
  ~StopAtEnd() { ::kill(::getpid(), signal); }
};

/// A supervisor on the main thread. Another thread observes and stops it.
struct SupervisedWorld {
  explicit SupervisedWorld(const std::vector<ProcessConfig>& processes,
                           Until until = Until::stopped, SupervisorOptions options = {})
      : supervisor(processes, registry, log.log(), until, std::move(options)) {}

  /// Runs the supervisor until it ends. Another thread runs `meanwhile` and then requests the stop.
  int run(const std::function<void()>& meanwhile, int stop_signal = SIGTERM) {
    supervisor.update();  // starts the processes
    auto observer = std::async(std::launch::async, [&] {
      const StopAtEnd stop{stop_signal};
      meanwhile();
    });
    const int result = supervisor.run(events);
    observer.get();
    return result;
  }
  int run() { return supervisor.run(events); }

  ProcessStatus status(std::size_t index = 0) const { return *supervisor.status()->at(index); }
  bool reaches(ProcessState state, std::size_t index = 0) const {
    return eventually([&] { return status(index).state == state; });
  }

  Events events;
  Registry registry;
  LogCapture log;
  Supervisor supervisor;
};

ProcessConfig config_of(std::vector<std::string> argv) {
  ProcessConfig config;
  config.name = "app";
  config.argv = std::move(argv);
  config.restart_interval = 20ms;
  config.start_duration = 0ms;
  return config;
}

ProcessConfig foreign_config(const std::filesystem::path& pid_file) {
  ProcessConfig config;
  config.name = "nginx";
  config.pid_file = pid_file;
  return config;
}

/// Starts a process whose PID comes into the file. Returns its parent, a shell, which collects it.
auto start_service(const std::filesystem::path& file) {
  return start_child({"/bin/sh", "-c",
                      "'" + child_path() + "' threader 1 & echo $! > '" + file.string() +
                          "'; wait; exec sleep 1000"});
}

}  // namespace

TEST_CASE("instances run and are measured, and a signal stops them all") {
  const int stop_signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
  ProcessConfig config = config_of({child_path(), "threader", "1"});
  config.instances = 3;
  SupervisedWorld world({config});
  std::vector<ProcessId> pids;
  const int result = world.run(
      [&] {
        for (std::size_t i = 0; i < 3; ++i) REQUIRE(world.reaches(ProcessState::running, i));
        const SharedStatusList statuses = world.supervisor.status();
        for (const auto& status : *statuses) {
          pids.push_back(status->pid.value_or(0));
        }
        CHECK(world.registry.tick().running == 3);
      },
      stop_signal);
  CHECK(result == 0);
  REQUIRE(pids.size() == 3);
  for (const ProcessId pid : pids) CHECK_FALSE(is_running(pid));
  const SharedStatusList statuses = world.supervisor.status();
  for (const auto& status : *statuses) {
    CHECK(status->state == ProcessState::exited);
    CHECK(status->last_exit->status.signal == SIGTERM);
  }
}

TEST_CASE("a killed child is started again and measured under its new PID") {
  ProcessConfig config = config_of({child_path(), "threader", "1"});
  config.auto_restart = true;
  SupervisedWorld world({config});
  world.run([&] {
    REQUIRE(world.reaches(ProcessState::running));
    const ProcessId first = world.status().pid.value();
    send_signal(first, SIGKILL);
    CHECK(eventually([&] { return world.status().restarts == 1; }));
    REQUIRE(world.reaches(ProcessState::running));
    CHECK(world.status().pid.value() != first);
    CHECK(world.status().last_exit->status.signal == SIGKILL);
    world.registry.tick();
    CHECK(world.registry.latest("app")->pid == world.status().pid);
  });
}

TEST_CASE("children that ignore SIGTERM are killed together when stop_timeout has passed") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  ProcessConfig config = config_of(child_with_output("stubborn --with-child", output));
  config.stop_timeout = 100ms;
  SupervisedWorld world({config});
  ProcessId worker = 0;
  CHECK(world.run([&] {
    REQUIRE(eventually([&] { return is_ready(output); }));
    worker = pids_after("child", output).at(0);
  }) == 0);
  CHECK_FALSE(is_running(worker));
  CHECK(world.status().last_exit->status.signal == SIGKILL);
  CHECK(world.log.count("did not end within 100ms and is killed") == 1);
}

TEST_CASE("workers go with their leader at a stop") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  SupervisedWorld world({config_of(child_with_output("forker 4", output))});
  world.run([&] { REQUIRE(eventually([&] { return is_ready(output); })); });
  const std::vector<ProcessId> workers = pids_after("worker", output);
  REQUIRE(workers.size() == 4);
  for (const ProcessId worker : workers) CHECK_FALSE(is_running(worker));
}

TEST_CASE("workers go when their leader ends by itself, stubborn ones by force") {
  const TempDirectory directory;
  const auto output = directory.path() / "output";
  ProcessConfig config = config_of({"/bin/sh", "-c",
                                    "'" + child_path() + "' stubborn --with-child > '" +
                                        output.string() + "' & until grep -q ready '" +
                                        output.string() + "'; do sleep 0.02; done 2> /dev/null"});
  config.stop_timeout = 100ms;
  SupervisedWorld world({config}, Until::all_exited);
  CHECK(world.run() == 0);
  CHECK_FALSE(is_running(pids_after("child", output).at(0)));
  CHECK(world.log.count("what it left running did not end") == 1);
}

TEST_CASE("one that cannot be started does not keep the others from running") {
  ProcessConfig missing = config_of({"/no/such/program"});
  missing.name = "missing";
  SupervisedWorld world({missing, config_of({child_path(), "threader", "1"})});
  world.run([&] {
    CHECK(world.reaches(ProcessState::failed, 0));
    CHECK(world.reaches(ProcessState::running, 1));
  });
  CHECK(world.log.count("ERROR missing: could not start: cannot execute /no/such/program: ") == 1);
}

TEST_CASE("a process of somebody else's is watched by its pid_file") {
  const TempDirectory directory;
  const auto file = directory.path() / "nginx.pid";
  const auto service = start_child({child_path(), "threader", "1"});
  const auto successor = start_child({child_path(), "threader", "1"});
  SupervisedWorld world({foreign_config(file)});
  world.run([&] {
    CHECK(world.status().state == ProcessState::absent);
    write_text(file, std::to_string(service->pid()));
    REQUIRE(world.reaches(ProcessState::running));
    CHECK(world.status().pid == service->pid());
    CHECK(world.registry.tick().running == 1);
    service->kill_group();
    // The service is a zombie, which counts as ended.
    CHECK(world.reaches(ProcessState::absent));
    CHECK(world.registry.tick().running == 0);
    write_text(file, std::to_string(successor->pid()));
    CHECK(world.reaches(ProcessState::running));
    CHECK(world.status().pid == successor->pid());
  });
  CHECK(is_running(successor->pid()));
}

TEST_CASE("the end of a process that others run is recorded, also how if the system tells") {
  const TempDirectory directory;
  const auto file = directory.path() / "other.pid";
  const auto parent = start_service(file);
  SupervisedWorld world({foreign_config(file)});
  world.run([&] {
    REQUIRE(world.reaches(ProcessState::running));
    const ProcessId pid = world.status().pid.value();
    for (int tick = 0; tick < 7; ++tick) world.registry.tick();
    send_signal(pid, SIGKILL);
    REQUIRE(eventually([&] { return !world.supervisor.exits().find().empty(); }));
    const ExitRecord record = *world.supervisor.exits().find("nginx").at(0);
    CHECK(record.pid == pid);
    CHECK(record.reason == ExitReason::itself);
    REQUIRE(record.last_samples.size() == 5);
    CHECK(record.last_samples.front().pid == pid);
    CHECK(record.last_samples.front().timestamp < record.last_samples.back().timestamp);
    if (record.status) CHECK(record.status->signal == SIGKILL);
  });
}

TEST_CASE("an end of somebody else's process shows at once, under each of its names") {
  const TempDirectory directory;
  const auto file = directory.path() / "other.pid";
  const auto parent = start_service(file);
  REQUIRE(eventually([&] { return !text_so_far(file).empty(); }));
  ProcessConfig second = foreign_config(file);
  second.name = "nginx-again";
  ManualClock clock;  // stands still, so that no look is due
  SupervisorOptions options;
  options.clock = &clock;
  SupervisedWorld world({foreign_config(file), second}, Until::stopped, options);
  Supervisor& supervisor = world.supervisor;
  supervisor.update();
  REQUIRE(world.status(0).state == ProcessState::running);
  REQUIRE(world.status(1).pid == world.status(0).pid);
  if (!ProcessHandle::open(*world.status().pid)) SKIP("this system does not announce ends");
  send_signal(*world.status().pid, SIGKILL);
  CHECK(eventually([&] {
    supervisor.update();
    return world.status(0).state == ProcessState::absent &&
           world.status(1).state == ProcessState::absent;
  }));
  // Its successor shows at the next look: the owner of the file cannot hurry the supervisor.
  write_text(file, std::to_string(::getpid()));
  supervisor.update();
  CHECK(world.status().state == ProcessState::absent);
  clock.advance(1s);
  supervisor.update();
  CHECK(world.status().pid == ::getpid());
}

TEST_CASE("a command of its own ends with the daemon's status") {
  const auto status_of = [](std::vector<std::string> argv) {
    return SupervisedWorld({config_of(std::move(argv))}, Until::all_exited).run();
  };
  CHECK(status_of({child_path(), "exiter", "0"}) == 0);
  CHECK(status_of({child_path(), "exiter", "7", "20"}) == 7);
  CHECK(status_of({"/bin/sh", "-c", "kill -KILL $$"}) == 137);
  CHECK(status_of({"/no/such/program"}) == 127);
  CHECK(status_of({"/dev/null"}) == 126);
}

TEST_CASE("destroying a supervisor leaves nothing running") {
  ProcessId pid = 0;
  {
    SupervisedWorld world({config_of({child_path(), "stubborn"})});
    world.supervisor.update();
    pid = world.status().pid.value();
  }
  CHECK(eventually([&] { return !is_running(pid); }));
}

TEST_CASE("an end that was noticed is recorded, whatever happens before it is told how it came") {
  const TempDirectory directory;
  const auto file = directory.path() / "nginx.pid";
  const Child parent = fork_child([&] {  // which never asks how its child ended
    const pid_t child = ::fork();
    if (child > 0) write_text(file, std::to_string(child));
    for (;;) ::pause();
  });
  SupervisedWorld world({foreign_config(file)});
  Supervisor& supervisor = world.supervisor;
  REQUIRE(eventually([&] {
    supervisor.update();
    return world.status().state == ProcessState::running;
  }));
  send_signal(world.status().pid.value(), SIGKILL);
  REQUIRE(eventually([&] {
    supervisor.update();
    return world.status().state == ProcessState::absent;
  }));

  const auto reload_with = [&](const ProcessConfig& config) {
    supervisor.submit({.verb = Command::Verb::reload, .target = {}, .processes = {config}},
                      [](const CommandReply&) {});
    supervisor.update();
  };
  SECTION("a stop") {
    supervisor.request_stop();
  }
  SECTION("a reload that knows another file") {
    reload_with(foreign_config(directory.path() / "other.pid"));
    CHECK(eventually([&] {  // once its parent has had the time to collect it
      supervisor.update();
      return !supervisor.exits().find("nginx").empty();
    }));
  }
  SECTION("a reload that knows it no more") {
    reload_with(config_of({child_path(), "threader", "1"}));
  }
  SECTION("a reload that runs it") {
    ProcessConfig config = config_of({child_path(), "threader", "1"});
    config.name = "nginx";
    reload_with(config);
  }
  CHECK(supervisor.exits().find("nginx").size() == 1);
}

TEST_CASE("waiting ends at the deadline when nothing happens") {
  Events events;
  Wakeup wakeup;
  const auto soon = std::chrono::steady_clock::now() + 20ms;
  CHECK(events.wait_until(soon, wakeup) == Events::Kind::deadline);
  CHECK(std::chrono::steady_clock::now() >= soon);
}

TEST_CASE("a signal that came before the wait is not lost, and a stop comes first") {
  Events events;
  Wakeup wakeup;
  ::kill(::getpid(), SIGCHLD);
  ::kill(::getpid(), SIGTERM);
  const auto far = std::chrono::steady_clock::now() + 1h;
  CHECK(events.wait_until(far, wakeup) == Events::Kind::stop_requested);
  CHECK(events.wait_until(far, wakeup) == Events::Kind::child_exited);
}

TEST_CASE("SIGHUP stays ignored where it was (nohup), SIGPIPE is ignored always") {
  ::signal(SIGHUP, SIG_IGN);
  {
    Events events;
    Wakeup wakeup;
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGPIPE);
    CHECK(events.wait_until(std::chrono::steady_clock::now() + 20ms, wakeup) ==
          Events::Kind::deadline);
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("SIGUSR1, SIGUSR2, SIGHUP and SIGQUIT are told apart from a request to stop") {
  Events events;
  Wakeup wakeup;
  const auto far = std::chrono::steady_clock::now() + 1h;
  for (const int signal : {SIGCHLD, SIGUSR2, SIGUSR1, SIGHUP, SIGQUIT, SIGTERM}) {
    ::kill(::getpid(), signal);
  }
  std::set<Events::Kind> kinds;
  for (int i = 0; i < 6; ++i) kinds.insert(events.wait_until(far, wakeup));
  CHECK(kinds == std::set{Events::Kind::stop_requested, Events::Kind::hand_over_requested,
                          Events::Kind::hung_up, Events::Kind::user_signal_1,
                          Events::Kind::user_signal_2, Events::Kind::child_exited});
}

TEST_CASE("a wait ends when the program goes on after it was stopped") {
  Events events;
  Wakeup wakeup;
  const auto far = std::chrono::steady_clock::now() + 10s;
  ::kill(::getpid(), SIGCONT);
  CHECK(events.wait_until(far, wakeup) == Events::Kind::woken);
  CHECK(events.wait_until(std::chrono::steady_clock::now(), wakeup) == Events::Kind::deadline);
}

TEST_CASE("another thread ends the wait, also before it begins") {
  Events events;
  Wakeup wakeup;
  const auto far = std::chrono::steady_clock::now() + 1h;
  wakeup.wake();
  wakeup.wake();
  CHECK(events.wait_until(far, wakeup) == Events::Kind::woken);
  const auto other = std::async(std::launch::async, [&] { wakeup.wake(); });
  CHECK(events.wait_until(far, wakeup) == Events::Kind::woken);
}

TEST_CASE("whoever waits for a command is told if the supervisor fails") {
  ProcessConfig slow = config_of({child_path(), "threader", "1"});
  slow.start_duration = 1h;
  SupervisorOptions options;
  options.make_match_source = [](const auto&) -> std::unique_ptr<MatchSource> {
    throw std::runtime_error("it does not work");
  };
  SupervisedWorld world({slow}, Until::stopped, std::move(options));
  std::vector<CommandReply::Outcome> outcomes;
  const auto note = [&](const CommandReply& reply) { outcomes.push_back(reply.outcome); };
  ProcessConfig matching;
  matching.name = "match";
  matching.match.emplace().exe = "*";
  world.supervisor.submit({.verb = Command::Verb::start, .target = "app"}, note);
  world.supervisor.submit(
      {.verb = Command::Verb::reload, .target = {}, .processes = {slow, matching}}, note);
  world.supervisor.submit({.verb = Command::Verb::stop, .target = "app"}, note);
  CHECK_THROWS_AS(world.run(), std::runtime_error);
  using enum CommandReply::Outcome;
  CHECK(outcomes == std::vector{accepted, shutting_down, shutting_down, shutting_down});
  world.supervisor.submit({.verb = Command::Verb::stop, .target = "app"}, note);
  CHECK(outcomes.back() == shutting_down);
  CHECK(outcomes.size() == 5);
}

TEST_CASE("commands from other threads are obeyed") {
  ProcessConfig config = config_of({child_path(), "threader", "1"});
  config.auto_restart = true;
  SupervisedWorld world({config});
  const auto outcome_of = [&](Command::Verb verb) {
    std::promise<CommandReply::Outcome> last;
    world.supervisor.submit({verb, Command::Scope::name, "app"}, [&](const CommandReply& reply) {
      if (reply.outcome != CommandReply::Outcome::accepted) last.set_value(reply.outcome);
    });
    return last.get_future().get();
  };
  world.run([&] {
    const ProcessId first = world.status().pid.value();
    CHECK(outcome_of(Command::Verb::restart) == CommandReply::Outcome::done);
    CHECK(world.reaches(ProcessState::running));
    CHECK(world.status().pid != first);
    CHECK(outcome_of(Command::Verb::stop) == CommandReply::Outcome::done);
    CHECK(world.reaches(ProcessState::stopped));
    CHECK(outcome_of(Command::Verb::start) == CommandReply::Outcome::done);
    CHECK(world.reaches(ProcessState::running));
  });
  CHECK(outcome_of(Command::Verb::start) == CommandReply::Outcome::shutting_down);
}
