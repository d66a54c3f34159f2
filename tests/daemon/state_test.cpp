// The state that outlives the real daemon in its state_dir.
#include "daemon/state/process_store.hpp"
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/failing_call.hpp"
#include "support/lasting_daemon.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

void remember(const fs::path& file, std::string_view name,
              const provisr::daemon::RememberedProcess& process) {
  using provisr::daemon::ProcessStore;
  std::string problem;
  bool is_external = false;
  auto slots = provisr::daemon::SlotFile::open(file, ProcessStore::format(), problem, is_external);
  REQUIRE(slots);
  std::size_t torn = 0;
  REQUIRE_FALSE(ProcessStore(std::move(slots), torn).remember(name, process));
}

/// Returns the processes that have this environment variable.
[[nodiscard]] std::set<int> processes_with(const std::string& variable) {
  std::set<int> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "environ");
    for (std::string name; std::getline(file, name, '\0');) {
      if (name == variable) pids.insert(std::stoi(entry.path().filename()));
    }
  }
  return pids;
}

/// Returns the environment entry that identifies a child and its descendants.
[[nodiscard]] std::string launch_mark_of(int pid) {
  std::ifstream file(fmt::format("/proc/{}/environ", pid));
  std::string entry;
  while (std::getline(file, entry, '\0') && !entry.starts_with("PROVISR_LAUNCH=")) {
  }
  return entry;
}

/// Adopts and reaps the children of a killed daemon, as an init does, so that their ends are known.
class Init {
 public:
  Init() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~Init() { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
  Init(const Init&) = delete;
  Init& operator=(const Init&) = delete;

  static void collect(int pid) {
    REQUIRE(eventually([&] { return ::waitpid(pid, nullptr, WNOHANG) == pid; }));
  }
};

}  // namespace

TEST_CASE("children live on over a kill -9, and the next daemon takes over exactly those") {
  Lasting daemon(lasting_process("app", "instances = 2\nauto_restart = true\n") +
                 lasting_process("once"));
  const int first = daemon.pid_of("app-1");
  const int second = daemon.pid_of("app-2");
  const int once = daemon.pid_of("once");
  const std::string started_at = daemon.status_of("app-1")["started_at"].GetString();
  daemon.kill_and_start();
  CHECK(daemon.pid_of("app-1") == first);
  CHECK(daemon.pid_of("app-2") == second);
  CHECK(daemon.pid_of("once") == once);
  CHECK(eventually([&] { return daemon.state_of("app-1") == "running"; }));
  CHECK(daemon.status_of("app-1")["started_at"].GetString() == started_at);
  CHECK(daemon.status_of("app-1")["restarts"].GetInt() == 0);
  CHECK(daemon.is_logged("app-1: taken over, pid"));
}

TEST_CASE("a child that was taken over is measured, restarted, stopped") {
  Lasting daemon(lasting_process("app", "auto_restart = true\nrestart_interval = \"100ms\"\n"));
  const int before = daemon.pid_of("app");
  daemon.kill_and_start();
  REQUIRE(daemon.pid_of("app") == before);
  CHECK(eventually([&] { return daemon.json("/api/metrics").HasMember("app"); }));
  send_signal(before, SIGKILL);
  REQUIRE(eventually([&] { return daemon.pid_of("app") != before; }));
  CHECK(daemon.status_of("app")["restarts"].GetInt() == 1);
  daemon.kill_and_start();
  CHECK(daemon.status_of("app")["restarts"].GetInt() == 1);
  const int after = daemon.pid_of("app");
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
  CHECK(eventually([&] { return !is_alive(after); }));
}

TEST_CASE("the tree of a child that was taken over has the orphans that left its group") {
  const Init init;
  Lasting daemon(
      "[[processes]]\nname = \"app\"\n"
      "args = [\"sh\", \"-c\", \"(setsid sh -c 'sleep 600 &' &); exec sleep 601\"]\n");
  const auto has_both = [&] {
    const auto metrics = daemon.json("/api/metrics");
    return metrics.HasMember("app") && metrics["app"]["num_processes"].GetInt() == 2;
  };
  REQUIRE(eventually(has_both));
  daemon.kill_and_start();
  CHECK(eventually(has_both));
}

TEST_CASE("what has left the group of a child that was taken over is stopped with it") {
  const Init init;
  const TempDirectory folder;
  const fs::path file = folder.path() / "worker";
  Lasting daemon(
      fmt::format("[[processes]]\nname = \"app\"\n"
                  "args = [\"bash\", \"-c\", \"setsid sleep 600 & echo $! > {0}.new; "
                  "mv {0}.new {0}; wait\"]\n",
                  file.string()));
  REQUIRE(eventually([&] { return fs::exists(file); }));
  const int worker = std::stoi(read_text(file));
  const int leader = daemon.pid_of("app");
  daemon.kill_and_start();
  REQUIRE(daemon.pid_of("app") == leader);
  REQUIRE(is_alive(worker));
  REQUIRE(http_send(daemon.port, "POST", "/api/stop?name=app", TokenFile::credentials).status ==
          202);
  Init::collect(leader);
  Init::collect(worker);
  CHECK(eventually([&] { return daemon.state_of("app") == "stopped"; }));
}

TEST_CASE("how a child ended that was taken over is told where the kernel tells") {
  const Init init;
  Lasting daemon(lasting_process("app"));
  const int pid = daemon.pid_of("app");
  daemon.kill_and_start();
  REQUIRE(daemon.pid_of("app") == pid);
  send_signal(pid, SIGKILL);
  Init::collect(pid);
  rapidjson::Document exits;
  REQUIRE(eventually([&] { return !(exits = daemon.json("/api/exits"))["exits"].Empty(); }));
  const auto& exit = exits["exits"][0];
  CHECK(exit["pid"].GetInt() == pid);
  if (!exit.HasMember("signal")) SKIP("this kernel tells only parents how a process ended");
  CHECK(exit["signal"].GetInt() == SIGKILL);
  rapidjson::Document status;  // follows the record
  REQUIRE(eventually([&] { return (status = daemon.status_of("app")).HasMember("last_exit"); }));
  CHECK(status["last_exit"]["signal"].GetInt() == SIGKILL);
}

TEST_CASE("a child that ended while no daemon ran is recorded, and started again") {
  const Init init;
  Lasting daemon(lasting_process("app", "auto_restart = true\n"));
  const int pid = daemon.pid_of("app");
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  daemon.kill();
  send_signal(pid, SIGKILL);
  Init::collect(pid);
  daemon.start();
  CHECK(daemon.pid_of("app") != pid);
  CHECK(daemon.status_of("app")["restarts"].GetInt() == 1);
  const rapidjson::Document exits = daemon.json("/api/exits");
  REQUIRE(exits["exits"].Size() == 1);
  CHECK(exits["exits"][0]["pid"].GetInt() == pid);
  CHECK(exits["exits"][0]["last_sample"]["pid"].GetInt() == pid);
  const std::vector<std::string> samples = timestamps_of(exits["exits"][0]["last_samples"]);
  CHECK(samples.back() == exits["exits"][0]["last_sample"]["timestamp"].GetString());
  CHECK(std::is_sorted(samples.begin(), samples.end()));
  daemon.kill_and_start();
  const rapidjson::Document again = daemon.json("/api/exits");
  CHECK(timestamps_of(again["exits"][0]["last_samples"]) == samples);
}

TEST_CASE("what a child left running is ended by the next daemon, then the child is started") {
  const Init init;
  const TempDirectory folder;
  const fs::path file = folder.path() / "worker";
  const std::string_view in_group = GENERATE("", "setsid ");
  const std::string_view end = GENERATE("before the daemon", "collected", "not collected yet");
  CAPTURE(in_group, end);
  Lasting daemon(fmt::format(
      "[[processes]]\nname = \"app\"\nauto_restart = true\nstop_timeout = \"2s\"\n"
      "args = [\"bash\", \"-c\", \"{1}bash -c \\\"trap '' TERM; echo \\\\$\\\\$ > {0}.new; "
      "mv {0}.new {0}; while :; do sleep 600; done\\\" & wait\"]\n",
      file.string(), in_group));
  REQUIRE(eventually([&] { return fs::exists(file); }));
  const int worker = std::stoi(read_text(file));
  const int leader = daemon.pid_of("app");
  if (end == "before the daemon") {
    send_signal(leader, SIGKILL);
    REQUIRE(eventually([&] { return daemon.state_of("app") == "backoff"; }));
    daemon.kill();
  } else {
    daemon.kill();
    send_signal(leader, SIGKILL);
  }
  if (end == "collected") Init::collect(leader);
  REQUIRE(is_alive(worker));
  daemon.start();
  Init::collect(worker);
  if (end == "not collected yet") Init::collect(leader);
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK(daemon.pid_of("app") != leader);
  CHECK(daemon.json("/api/exits")["exits"].Size() == 1);
  if (end != "not collected yet") {
    CHECK(daemon.program->comes_to_log("what it left running is asked to stop"));
  }
}

TEST_CASE("whoever starts the next daemon is not taken for what a child left running") {
  const Init init;
  const TempDirectory folder;
  Lasting daemon(lasting_process("app"));
  const int leader = daemon.pid_of("app");
  std::string mark;
  REQUIRE(eventually([&] { return !(mark = launch_mark_of(leader)).empty(); }));  // executed
  daemon.kill();
  send_signal(leader, SIGKILL);
  Init::collect(leader);
  std::vector<std::string> command{"env", mark, "sh", "-c", "\"$@\"; true", "sh"};
  for (const std::string& word : daemon.command()) command.push_back(word);
  Program shell(command, folder.path());
  CHECK(eventually([&] { return daemon.is_healthy() || shell.has_ended(); }));
  CHECK_FALSE(shell.has_ended());
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK_THAT(shell.err(), !ContainsSubstring("left running"));
  const std::string started = read_text(fmt::format("/proc/{0}/task/{0}/children", shell.pid()));
  send_signal(std::stoi(started), SIGTERM);
  CHECK(shell.wait() == 0);
}

TEST_CASE("exit records and histories go on over a kill -9, in order and each once") {
  Lasting daemon(lasting_process("app", "auto_restart = true\nrestart_interval = \"100ms\"\n"));
  const int first = daemon.pid_of("app");
  send_signal(first, SIGKILL);
  REQUIRE(eventually([&] { return daemon.pid_of("app") != first; }));
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  const std::vector<std::string> before = daemon.written_history_of("app");
  daemon.kill_and_start();
  CHECK(daemon.json("/api/exits")["exits"][0]["pid"].GetInt() == first);
  CHECK(daemon.status_of("app")["last_exit"]["signal"].GetInt() == SIGKILL);
  std::vector<std::string> after;
  REQUIRE(
      eventually([&] { return (after = daemon.history_of("app")).size() > before.size() + 3; }));
  CHECK(std::equal(before.begin(), before.end(), after.begin()));
  CHECK(std::is_sorted(after.begin(), after.end()));
  CHECK(std::set(after.begin(), after.end()).size() == after.size());
}

TEST_CASE("what is counted under a name goes on over a kill -9 and over SIGQUIT") {
  Lasting daemon(
      lasting_process("app", "auto_restart = true\nrestart_interval = \"100ms\"\n") +
      process_toml("done", {"threader", "1", "--seconds", "0"}, "auto_restart = false\n") +
      lasting_process("big", "[processes.limits]\nmax_memory_mb = 0.1\nfor = \"0s\"\n"));
  const auto ends_of_app = [&](int count) {
    return daemon.has_metric(
        fmt::format("provisr_process_exits_total{{name=\"app\",result=\"signal\"}} {}", count));
  };
  // A process that is taken over breaches its limit again.
  const auto breaches_and_ends_of_others = [&](int count) {
    return daemon.has_metric(fmt::format("provisr_process_limit_breaches_total{{name=\"big\","
                                         "limit=\"memory\"}} {}",
                                         count)) &&
           daemon.has_metric(fmt::format(
               "provisr_process_exits_total{{name=\"done\",result=\"success\"}} {}", count));
  };
  REQUIRE(eventually([&] { return breaches_and_ends_of_others(1); }));
  const auto kill_app = [&] {
    const int pid = daemon.pid_of("app");
    send_signal(pid, SIGKILL);
    REQUIRE(eventually([&] { return daemon.pid_of("app") != pid; }));
  };
  kill_app();
  CHECK(ends_of_app(1));
  daemon.kill_and_start();
  CHECK(ends_of_app(1));
  CHECK(eventually([&] { return breaches_and_ends_of_others(2); }));
  kill_app();
  const int counted = ends_of_app(2) ? 2 : 1;  // the end is unknown if it is reaped too late
  kill_app();
  CHECK(ends_of_app(counted + 1));
  daemon.program->signal(SIGQUIT);
  REQUIRE(daemon.program->wait() == 0);
  daemon.start();
  CHECK(ends_of_app(counted + 1));
}

TEST_CASE("a longer max_history keeps the samples of before") {
  Lasting daemon(lasting_process("app"));
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  const std::string oldest = daemon.written_history_of("app").front();
  daemon.write(lasting_process("app"), 200);
  daemon.kill_and_start();
  CHECK(eventually([&] { return daemon.history_of("app").size() >= 4; }));
  CHECK(daemon.history_of("app").front() == oldest);
}

TEST_CASE("what was stopped by a command stays stopped over a kill -9") {
  Lasting daemon(lasting_process("app", "auto_restart = true\n"));
  const int pid = daemon.pid_of("app");
  const HttpResult stopped =
      http_send(daemon.port, "POST", "/api/stop?name=app&wait=30s", TokenFile::credentials);
  REQUIRE(stopped.status == 200);
  daemon.kill_and_start();
  CHECK(daemon.state_of("app") == "stopped");
  CHECK_FALSE(is_alive(pid));
  REQUIRE(http_send(daemon.port, "POST", "/api/start?name=app&wait=30s", TokenFile::credentials)
              .status == 200);
  daemon.kill_and_start();
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
}

TEST_CASE("a configuration that has changed meanwhile holds for what was taken over") {
  Lasting daemon(lasting_process("same") + lasting_process("other") + lasting_process("gone"));
  const int same = daemon.pid_of("same");
  const int other = daemon.pid_of("other");
  const int gone = daemon.pid_of("gone");
  daemon.kill();
  daemon.write(lasting_process("same", "auto_restart = true\n") +
               lasting_process("other", "env = [\"A=1\"]\n") + lasting_process("new"));
  daemon.start();
  CHECK(daemon.pid_of("same") == same);
  CHECK(eventually([&] { return daemon.pid_of("other") != other; }));
  CHECK(eventually([&] { return !is_alive(gone) && !is_alive(other); }));
  CHECK(eventually([&] { return daemon.state_of("new") == "running"; }));
  CHECK(eventually([&] { return !fs::exists(daemon.state() / "histories" / "gone.history"); }));
}

TEST_CASE("a stranger that has the PID of a child is neither taken over nor signalled") {
  Lasting daemon(lasting_process("app"));
  daemon.program->signal(SIGTERM);
  REQUIRE(daemon.program->wait() == 0);
  Program stranger({"sleep", "1000"}, daemon.folder().path());
  provisr::daemon::RememberedProcess child;
  child.run = provisr::daemon::RememberedProcess::Run{
      .identity = provisr::daemon::identity_of(stranger.pid()).value(), .started = {}};
  SECTION("which started later") {
    --child.run->identity.start_clock_ticks;
  }
  SECTION("in another container") {
    ++child.run->identity.pid_namespace;
  }
  SECTION("after a reboot") {
    child.run->identity.boot[0] ^= 1;
  }
  remember(daemon.state() / "processes", "app", child);
  daemon.start();
  CHECK(daemon.pid_of("app") != stranger.pid());
  CHECK(daemon.is_logged("ended while provisrd did not run"));
  daemon.program->signal(SIGTERM);
  REQUIRE(daemon.program->wait() == 0);
  CHECK_FALSE(stranger.has_ended());
}

TEST_CASE("SIGQUIT ends the daemon alone, and the next one takes over") {
  Lasting daemon(lasting_process("app"));
  const int pid = daemon.pid_of("app");
  daemon.program->signal(SIGQUIT);
  CHECK(daemon.program->wait() == 0);
  CHECK(is_alive(pid));
  daemon.start();
  CHECK(daemon.pid_of("app") == pid);
}

TEST_CASE("a second daemon on the same state_dir refuses, and nothing happens to what runs") {
  Lasting daemon(lasting_process("app"));
  const int pid = daemon.pid_of("app");
  Program second(daemon.command(), daemon.folder().path());
  CHECK(second.wait() == 1);
  CHECK_THAT(second.err(), ContainsSubstring("is in use by another provisrd"));
  CHECK(is_alive(pid));
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
}

TEST_CASE("a daemon that cannot begin leaves alone what runs") {
  Lasting daemon(lasting_process("app"));
  const int pid = daemon.pid_of("app");
  daemon.kill();
  {
    const auto file = daemon.folder().write(
        "blocker.toml",
        fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[metrics]\nenabled = false\n",
                    daemon.port));
    const Program blocker({provisrd_path(), file.string()}, daemon.folder().path());
    REQUIRE(eventually([&] { return http_get(daemon.port, "/healthz").status == 200; }));
    Program blocked(daemon.command(), daemon.folder().path());
    CHECK(blocked.wait() == 1);
  }
  CHECK(is_alive(pid));
  daemon.start();
  CHECK(daemon.pid_of("app") == pid);
}

TEST_CASE("a state_dir that others can write to is refused, with one clear line") {
  const TempDirectory folder;
  fs::create_directory(folder.path() / "open");
  fs::permissions(folder.path() / "open", fs::perms::all);
  const auto file = folder.write("provisr.toml", fmt::format("[daemon]\nstate_dir = \"{}\"\n",
                                                             (folder.path() / "open").string()));
  Program program({provisrd_path(), file.string(), "--listen", "127.0.0.1:0"}, folder.path());
  CHECK(program.wait() == 1);
  CHECK_THAT(program.err(), ContainsSubstring("others may write to it"));
}

TEST_CASE("a read-only state_dir is refused, with one clear line") {
  if (::geteuid() != 0) SKIP("only root can mount a read-only folder");
  const TempDirectory folder;
  fs::create_directory(folder.path() / "state");
  const auto file = folder.write(
      "provisr.toml", fmt::format("[daemon]\nstate_dir = \"{}/state\"\n", folder.path().string()));
  Program program({"unshare", "--mount", "--propagation", "private", "sh", "-c",
                   fmt::format("mount -t tmpfs -o ro,mode=700 tmpfs '{}/state' && exec '{}' '{}' "
                               "--listen 127.0.0.1:0",
                               folder.path().string(), provisrd_path(), file.string())},
                  folder.path());
  CHECK(program.wait() == 1);
  CHECK_THAT(program.err(), ContainsSubstring("Read-only file system"));
}

TEST_CASE("a state_dir without pidfd_open(2) is refused, with the reason") {
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "[daemon]\nstate_dir = \"/tmp/state\"\n");
  const auto refusal_with = [&](unsigned int error) {
    const auto outcome = with_failing_call(SYS_pidfd_open, error, [&] {
      return provisrd({"--check", file.string()});
    });
    if (!outcome) SKIP("this system has no seccomp filters");
    CHECK(outcome->status == 2);
    return outcome->err;
  };
  CHECK_THAT(refusal_with(EPERM),
             ContainsSubstring("needs pidfd_open(2), which is not permitted: does a seccomp filter "
                               "of the container forbid it?"));
  CHECK_THAT(refusal_with(ENOSYS), ContainsSubstring("Linux 5.3 or later"));
  CHECK_THAT(refusal_with(ENFILE), ContainsSubstring("fails: Too many open files in system"));
}

TEST_CASE("files of something else are set aside, and everything starts") {
  Lasting daemon(lasting_process("app"));
  REQUIRE(eventually([&] { return !daemon.history_of("app").empty(); }));
  daemon.program->signal(SIGTERM);
  REQUIRE(daemon.program->wait() == 0);
  for (const char* file : {"processes", "exits", "counts", "histories/app.history"}) {
    write_text(daemon.state() / file, std::string(10'000, 'x'));
  }
  daemon.start();
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK(fs::exists(daemon.state() / "processes.set-aside"));
  CHECK(fs::exists(daemon.state() / "exits.set-aside"));
  CHECK(fs::exists(daemon.state() / "counts.set-aside"));
  CHECK(fs::exists(daemon.state() / "histories" / "app.history.set-aside"));
}

TEST_CASE("a daemon that is killed again and again starts nothing twice and loses no sample") {
  Lasting daemon(lasting_process("app", "instances = 5\nauto_restart = true\n"));
  std::set<int> pids;
  for (int instance = 1; instance <= 5; ++instance) {
    pids.insert(daemon.pid_of(fmt::format("app-{}", instance)));
  }
  std::vector<std::string> written;
  for (int round = 0; round < 10; ++round) {
    written = daemon.written_history_of("app-1");
    daemon.kill_and_start();
    const std::vector<std::string> now = daemon.history_of("app-1");
    REQUIRE(now.size() >= written.size());
    REQUIRE(std::equal(written.begin(), written.end(), now.begin()));
  }
  for (int instance = 1; instance <= 5; ++instance) {
    CHECK(pids.contains(daemon.pid_of(fmt::format("app-{}", instance))));
  }
  const std::vector<std::string> history = daemon.history_of("app-1");
  CHECK(std::is_sorted(history.begin(), history.end()));
  CHECK(std::set(history.begin(), history.end()).size() == history.size());
}

TEST_CASE("killed at a hundred moments of its start and of reloads, it starts nothing twice") {
  const std::string mark = fmt::format("PROVISR_TEST_MARK={}", ::getpid());
  const auto instances = [&](int count) {
    return lasting_process(
        "app", fmt::format("instances = {}\nauto_restart = false\nenv = [\"{}\"]\n", count, mark));
  };
  Lasting daemon(instances(4));
  std::mt19937 random(1);
  std::uniform_int_distribution<int> microseconds(0, 40'000);
  for (int round = 0; round < 100; ++round) {
    daemon.write(instances(round % 2 == 0 ? 8 : 4));
    daemon.program->signal(SIGHUP);
    ::usleep(static_cast<useconds_t>(microseconds(random)));
    daemon.kill();
    daemon.start_unseen();
    ::usleep(static_cast<useconds_t>(microseconds(random)));
  }
  daemon.kill();
  daemon.write(instances(6));
  daemon.start();
  CHECK(eventually([&] {
    std::set<int> pids;
    for (int instance = 1; instance <= 6; ++instance) {
      pids.insert(daemon.pid_of(fmt::format("app-{}", instance)));
    }
    return processes_with(mark) == pids;
  }));
}

TEST_CASE("a history file that somebody empties or removes under way costs nothing") {
  Lasting daemon(lasting_process("app") + lasting_process("other"));
  const int pid = daemon.pid_of("app");
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  const fs::path file = daemon.state() / "histories" / "app.history";
  const std::string oldest = daemon.written_history_of("app").front();
  SECTION("emptied") {
    fs::resize_file(file, 0);
  }
  SECTION("removed") {
    fs::remove(file);
  }
  CHECK(daemon.program->comes_to_log("is gone or was cut short"));
  CHECK(daemon.history_of("app").front() == oldest);
  static_cast<void>(daemon.written_history_of("app"));
  daemon.kill_and_start();
  CHECK(daemon.pid_of("app") == pid);
  CHECK(daemon.history_of("app").front() == oldest);
}

TEST_CASE("a state_dir that is removed under way costs what is kept, and nothing else") {
  Lasting daemon(lasting_process("app"));
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  fs::remove_all(daemon.state());
  CHECK(daemon.is_logged("app: its history is not written"));
  const std::size_t before = daemon.history_of("app").size();
  CHECK(eventually([&] { return daemon.history_of("app").size() >= before + 3; }));
  const int pid = daemon.pid_of("app");
  REQUIRE(http_send(daemon.port, "POST", "/api/restart?name=app&wait=30s", TokenFile::credentials)
              .status == 200);
  CHECK(daemon.pid_of("app") != pid);
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
}

TEST_CASE("a limit of file sizes costs the histories beyond it, not the daemon") {
  Lasting daemon(lasting_process("app"), {"sh", "-c", "ulimit -f 8; exec \"$@\"", "sh"});
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  CHECK(eventually([&] { return daemon.state_of("app") == "running"; }));
  CHECK(daemon.is_logged("app: its history is not written"));
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
}
