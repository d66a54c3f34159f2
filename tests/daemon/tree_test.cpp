// Trees in the real daemon: orphans that it adopts and reaps, and trees that a reload tracks again.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace provisr::test;
namespace fs = std::filesystem;

namespace {

/// A FIFO at which a shell waits with `read word < PATH`, without a child process.
class Gate {
 public:
  Gate() {
    if (::mkfifo(path().c_str(), 0600) != 0) throw std::runtime_error("no FIFO");
    writer_ = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { ::close(writer_); }

  [[nodiscard]] std::string path() const { return (folder_.path() / "gate").string(); }
  void open_once() const { REQUIRE(::write(writer_, "go\n", 3) == 3); }

 private:
  TempDirectory folder_;
  int writer_ = -1;
};

[[nodiscard]] std::string script_toml(std::string_view script, std::string_view more = "") {
  return fmt::format("[[processes]]\nname = \"app\"\nargs = [\"sh\", \"-c\", \"{}\"]\n{}", script,
                     more);
}

[[nodiscard]] std::string collecting_every(std::string_view interval) {
  return fmt::format("[metrics.process_metrics]\ninterval = \"{}\"\n", interval);
}

/// Returns the CPU seconds of "app"; -1 if there is no sample.
[[nodiscard]] double cpu_seconds(const Daemon& daemon) {
  constexpr std::string_view sample = "\nprovisr_process_cpu_seconds_total{name=\"app\"} ";
  const std::string text = daemon.prometheus();
  const std::size_t at = text.find(sample);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size()));
}

/// Returns the number of members of "app"; -1 if it is not reported.
[[nodiscard]] int members(const Daemon& daemon) {
  rapidjson::Document sample;
  sample.Parse(daemon.get("/api/metrics?name=app").body.c_str());
  const bool is_told = sample.IsObject() && sample.HasMember("num_processes");
  return is_told ? sample["num_processes"].GetInt() : -1;
}

[[nodiscard]] bool has_sample(const Daemon& daemon) {
  return daemon.get("/api/metrics?name=app").status == 200;
}

/// Returns the PIDs of the children of a process, zombies included.
[[nodiscard]] std::string children_of(pid_t pid) {
  std::string pids;
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid))) {
    pids += read_text(thread.path() / "children");
  }
  return pids;
}

/// Replaces `before` by `now` in the configuration and reloads it.
void reload_with(Daemon& daemon, std::string_view before, std::string_view now) {
  const auto file = daemon.folder().path() / "provisr.toml";
  std::string text = read_text(file);
  const std::size_t at = text.find(before);
  REQUIRE(at != std::string::npos);
  text.replace(at, before.size(), now);
  write_text(file.string() + ".new", text);
  fs::rename(file.string() + ".new", file);
  const auto reloads = [&] {
    const std::string log = daemon.program().err();
    int count = 0;
    for (std::size_t found = log.find("reloaded: "); found != std::string::npos;
         found = log.find("reloaded: ", found + 1)) {
      ++count;
    }
    return count;
  };
  const int made = reloads();
  daemon.program().signal(SIGHUP);
  REQUIRE(eventually([&] { return reloads() > made; }));
}

constexpr double burnt = 0.4;
/// The CPU time of a shell, and the precision of the system's accounting.
constexpr double tolerance = 0.15;
/// User and system time of processes that were waited for are each rounded down.
constexpr double clock_ticks = 0.02;

/// Returns a script that leaves a process behind, which uses `burnt` seconds and ends.
[[nodiscard]] std::string orphaning_script(const Gate& gate) {
  return fmt::format(
      "read word < {0}; ({1} burner 400 --seconds 0 > /dev/null &); read word < {0}; exec sleep "
      "600",
      gate.path(), child_path());
}

}  // namespace

TEST_CASE("what an orphan has used stays in its tree once provisrd has reaped it", "[tree]") {
  // With 1h, no tick samples the orphan before it is reaped.
  const std::string_view interval = GENERATE("50ms", "1h");
  CAPTURE(interval);
  const Gate gate;
  Daemon daemon(collecting_every(interval) + script_toml(orphaning_script(gate)));
  REQUIRE(eventually([&] { return has_sample(daemon); }));
  const std::string leader = fmt::format("{} ", daemon.pid_of("app"));
  gate.open_once();
  double last = 0;
  bool has_fallen = false;
  int max_members = 0;
  const auto look = [&] {
    const double now = cpu_seconds(daemon);
    has_fallen |= now < last;
    last = now;
    max_members = std::max(max_members, members(daemon));
    return now;
  };
  REQUIRE(eventually([&] { return look() >= burnt; }));
  REQUIRE(eventually([&] { return children_of(daemon.program().pid()) == leader; }));
  const double after = look();
  CHECK(after >= burnt);
  CHECK(after <= burnt + tolerance);
  CHECK_FALSE(has_fallen);
  if (interval == "50ms") {
    CHECK(max_members >= 2);
    CHECK(eventually([&] { return members(daemon) == 1; }));
    CHECK(look() <= burnt + tolerance);
  }
  gate.open_once();
}

TEST_CASE("an orphan that has left the group of its child is in its tree", "[tree]") {
  // With 1h, only scrapes look for it.
  const std::string_view interval = GENERATE("50ms", "1h");
  CAPTURE(interval);
  const Gate gate;
  const std::string script = fmt::format(
      "read word < {0}; (setsid sh -c '{1} burner 400 --seconds 600 > /dev/null &' &); "
      "read word < {0}; exec sleep 600",
      gate.path(), child_path());
  Daemon daemon(collecting_every(interval) + script_toml(script));
  REQUIRE(eventually([&] { return has_sample(daemon); }));
  gate.open_once();
  CHECK(eventually([&] { return cpu_seconds(daemon) >= burnt; }));
  CHECK(cpu_seconds(daemon) <= burnt + tolerance);
  if (interval == "50ms") {
    CHECK(eventually([&] { return members(daemon) == 2; }));
    reload_with(daemon, "interval = \"50ms\"", "interval = \"60ms\"");
    CHECK(members(daemon) == 2);
  }
  gate.open_once();
}

TEST_CASE("a reload that leaves a tree as it is keeps what its orphans have used", "[tree]") {
  const Gate gate;
  Daemon daemon(collecting_every("50ms") +
                script_toml(orphaning_script(gate), "restart_interval = \"7s\"\n"));
  REQUIRE(eventually([&] { return has_sample(daemon); }));
  const pid_t pid = daemon.pid_of("app");
  gate.open_once();
  REQUIRE(eventually([&] { return cpu_seconds(daemon) >= burnt; }));
  reload_with(daemon, "restart_interval = \"7s\"", "restart_interval = \"8s\"");
  CHECK(daemon.pid_of("app") == pid);
  CHECK(cpu_seconds(daemon) >= burnt);
  gate.open_once();
}

TEST_CASE("a tree that a reload watches anew has all its members, orphans included", "[tree]") {
  const Gate gate;
  // A worker, two orphans, one of which has left the group, and one that was waited for.
  Daemon daemon(collecting_every("50ms") +
                script_toml(fmt::format("{1} burner 200 --seconds 0 > /dev/null; sleep 600 & "
                                        "(sleep 601 &); (setsid sh -c 'sleep 603 &' &); "
                                        "read word < {0}; sleep 602 & wait",
                                        gate.path(), child_path()),
                            "scope = \"tree\"\n"));
  REQUIRE(eventually([&] { return members(daemon) == 4; }));
  const pid_t pid = daemon.pid_of("app");
  const double before = cpu_seconds(daemon);
  CHECK(before >= 0.2 - clock_ticks);

  reload_with(daemon, "scope = \"tree\"", "scope = \"process\"");
  REQUIRE(eventually([&] { return has_sample(daemon) && members(daemon) == -1; }));
  CHECK(daemon.pid_of("app") == pid);
  CHECK(cpu_seconds(daemon) < tolerance);  // only that of the shell

  reload_with(daemon, "scope = \"process\"", "scope = \"tree\"");
  REQUIRE(eventually([&] { return members(daemon) == 4; }));
  CHECK(daemon.pid_of("app") == pid);
  CHECK(daemon.status_of("app")["restarts"].GetInt() == 0);
  CHECK(cpu_seconds(daemon) >= before - tolerance);
  gate.open_once();
  CHECK(eventually([&] { return members(daemon) == 5; }));
}

TEST_CASE("the past of orphans is no CPU usage of the tree that a reload adds them to", "[tree]") {
  Daemon daemon(collecting_every("50ms") + "max_history = 10000\n" +
                script_toml(fmt::format("(setsid sh -c '{} burner 400 --seconds 600 > /dev/null &' "
                                        "&); exec sleep 600",
                                        child_path()),
                            "scope = \"tree\"\n"));
  REQUIRE(eventually([&] { return cpu_seconds(daemon) >= burnt; }));
  reload_with(daemon, "scope = \"tree\"", "scope = \"process\"");
  REQUIRE(eventually([&] { return has_sample(daemon) && members(daemon) == -1; }));
  ::usleep(1'200'000);  // until the orphan is no longer newborn
  const auto history = [&] { return daemon.json("/api/metrics/history?name=app"); };
  const rapidjson::SizeType before = history()["history"].Size();
  reload_with(daemon, "scope = \"process\"", "scope = \"tree\"");
  REQUIRE(eventually([&] { return members(daemon) == 2; }));
  REQUIRE(eventually([&] { return cpu_seconds(daemon) >= burnt; }));
  const rapidjson::Document answer = history();
  const rapidjson::Value& samples = answer["history"];
  REQUIRE(samples.Size() > before);
  for (rapidjson::SizeType i = before; i < samples.Size(); ++i) {
    CHECK(samples[i]["cpu_percent"].GetDouble() < 200);
  }
}

TEST_CASE("the tree of a process that others run is watched anew by a reload, too", "[tree]") {
  const TempDirectory folder;
  const Gate gate;
  Program server({"sh", "-c", fmt::format("sleep 600 & sleep 601 & read word < {}", gate.path())},
                 folder.path());
  const auto pid_file = folder.write("pid", std::to_string(server.pid()));
  Daemon daemon(collecting_every("50ms") +
                fmt::format("[[processes]]\nname = \"app\"\npid_file = \"{}\"\nscope = \"tree\"\n",
                            pid_file.string()));
  REQUIRE(eventually([&] { return members(daemon) == 3; }));
  reload_with(daemon, "scope = \"tree\"", "scope = \"process\"");
  REQUIRE(eventually([&] { return has_sample(daemon) && members(daemon) == -1; }));
  reload_with(daemon, "scope = \"process\"", "scope = \"tree\"");
  REQUIRE(eventually([&] { return members(daemon) == 3; }));
  std::istringstream workers(children_of(server.pid()));
  for (pid_t worker = 0; workers >> worker;) send_signal(worker, SIGKILL);
  CHECK(eventually([&] { return members(daemon) == 1; }));
  gate.open_once();
  CHECK(eventually([&] { return daemon.state_of("app") == "absent"; }));
}
