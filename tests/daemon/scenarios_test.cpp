// Problems that a supervisor meets in practice, with the real daemon.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Configures a process that is a shell script.
[[nodiscard]] std::string shell_process(std::string_view name, std::string_view script,
                                        std::string_view more = "") {
  return fmt::format("[[processes]]\nname = \"{}\"\nargs = [\"sh\", \"-c\", '''{}''']\n{}\n", name,
                     script, more);
}

[[nodiscard]] std::map<std::string, int> pids_of(const Daemon& daemon) {
  std::map<std::string, int> pids;
  const rapidjson::Document status = daemon.json("/api/status");
  for (const auto& process : status["processes"].GetArray()) {
    if (!process.HasMember("pid") || process["state"] != "running") continue;
    pids[process["name"].GetString()] = process["pid"].GetInt();
  }
  return pids;
}

/// Returns the state of a process in procfs, such as 'S' or 'T'; 0 if the process is gone.
[[nodiscard]] char proc_state(int pid) {
  const auto file = fmt::format("/proc/{}/stat", pid);
  if (!std::filesystem::exists(file)) return 0;
  const std::string stat = read_text(file);
  return stat.at(stat.rfind(')') + 2);
}

/// Returns a command line that runs `command` with a full disk at `folder`, in its own mount
/// namespace.
[[nodiscard]] std::vector<std::string> with_small_disk(const std::filesystem::path& folder,
                                                       const std::string& command) {
  return {"unshare",
          "--mount",
          "--propagation",
          "private",
          "sh",
          "-c",
          fmt::format("mount -t tmpfs -o size=16k tmpfs '{0}' && "
                      "cat /dev/zero > '{0}/fill' 2>/dev/null; {1}",
                      folder.string(), command)};
}

}  // namespace

TEST_CASE("two hundred processes that are killed at once all come back") {
  constexpr int count = 200;
  const Daemon daemon(
      fmt::format("[[processes]]\nname = \"app\"\nargs = [\"sleep\", \"1000\"]\n"
                  "instances = {}\nauto_restart = true\n"
                  "start_duration = \"0s\"\nrestart_interval = \"100ms\"\n",
                  count));
  std::map<std::string, int> before;
  REQUIRE(eventually([&] { return (before = pids_of(daemon)).size() == count; }));
  for (const auto& [name, pid] : before) send_signal(pid, SIGKILL);
  std::map<std::string, int> after;
  REQUIRE(eventually([&] {
    after = pids_of(daemon);
    return after.size() == count && std::none_of(after.begin(), after.end(), [&](const auto& now) {
             return before.at(now.first) == now.second;
           });
  }));
  CHECK(daemon.status_of("app-1")["restarts"].GetInt() == 1);
  CHECK(daemon.json("/api/exits")["exits"].Size() == count);
}

TEST_CASE("nothing of a fork storm outlives the name that made it") {
  Daemon daemon(shell_process("storm",
                              "i=0; while [ $i -lt 500 ]; do sleep 1000 & i=$((i+1)); done; "
                              "wait"));
  const int leader = daemon.pid_of("storm");
  const auto members = [&] {
    int alive = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      if (::getpgid(std::stoi(name)) == leader && is_alive(std::stoi(name))) ++alive;
    }
    return alive;
  };
  REQUIRE(eventually([&] { return members() > 500; }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK(members() == 0);
}

TEST_CASE(
    "a child that stops itself, closes its descriptors or becomes another program is a child") {
  Daemon daemon(std::string(quick_collection) +
                shell_process("stops", "kill -STOP $$; exec sleep 1000") +
                shell_process("closes", "exec 0<&- 1>&- 2>&-; exec sleep 1000") +
                shell_process("becomes", "sh -c true; exec sleep 1000"));
  REQUIRE(daemon.has_samples_of({"stops", "closes", "becomes"}));
  const int stopped = daemon.pid_of("stops");
  const int becomes = daemon.pid_of("becomes");
  CHECK(eventually([&] { return proc_state(stopped) == 'T'; }));
  CHECK(eventually([&] {
    return read_text(fmt::format("/proc/{}/comm", becomes)) == "sleep\n" &&
           daemon.json("/api/metrics?name=becomes")["pid"].GetInt() == becomes;
  }));
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  CHECK_FALSE(is_alive(stopped));
}

TEST_CASE("a daemon that was stopped for a while goes on, and so do its children") {
  Daemon daemon(std::string(quick_collection) +
                "[[processes]]\nname = \"app\"\nargs = [\"sleep\", \"1000\"]\n"
                "auto_restart = true\nrestart_interval = \"100ms\"\n");
  const int pid = daemon.pid_of("app");
  daemon.program().signal(SIGSTOP);
  REQUIRE(eventually([&] { return proc_state(daemon.program().pid()) == 'T'; }));
  send_signal(pid, SIGKILL);
  REQUIRE(eventually([&] { return !is_alive(pid); }));
  daemon.program().signal(SIGCONT);
  CHECK(eventually([&] { return daemon.pid_of("app") != pid; }));
  CHECK(daemon.status_of("app")["restarts"].GetInt() == 1);
}

TEST_CASE("a full disk costs a child its lines, and nothing else") {
  if (::geteuid() != 0) SKIP("only root can mount a small disk");
  const TempDirectory folder;
  const int port = free_port();
  std::filesystem::create_directory(folder.path() / "disk");
  const auto file = folder.write(
      "provisr.toml",
      fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[metrics]\nenabled = false\n", port) +
          shell_process(
              "writer", "while :; do echo line; sleep 0.01; done",
              fmt::format("[processes.log]\nstdout = \"{}/disk/out\"\n", folder.path().string())));
  Program daemon(with_small_disk(folder.path() / "disk",
                                 fmt::format("exec '{}' '{}'", provisrd_path(), file.string())),
                 folder.path());
  REQUIRE(eventually(
      [&] { return http_get(port, "/api/status").body.find("running") != std::string::npos; }));
  const std::string status = http_get(port, "/api/status").body;
  CHECK_THAT(status, ContainsSubstring("\"restarts\":0"));
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("with a full disk below state_dir processes run all the same") {
  if (::geteuid() != 0) SKIP("only root can mount a small disk");
  const TempDirectory folder;
  const int port = free_port();
  std::filesystem::create_directory(folder.path() / "disk");
  const auto file =
      folder.write("provisr.toml",
                   fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[metrics]\nenabled = false\n"
                               "[daemon]\nstate_dir = \"{}/disk/state\"\n",
                               port, folder.path().string()) +
                       shell_process("app", "exec sleep 1000"));
  // The folder and its files exist, but cannot grow.
  Program daemon(
      with_small_disk(folder.path() / "disk",
                      fmt::format("rm '{0}/disk/fill'; mkdir -m 700 '{0}/disk/state' "
                                  "'{0}/disk/state/histories'; cat /dev/zero > '{0}/disk/fill' "
                                  "2>/dev/null; exec '{1}' '{2}'",
                                  folder.path().string(), provisrd_path(), file.string())),
      folder.path());
  const bool is_up = eventually([&] {
    return http_get(port, "/api/status").body.find("running") != std::string::npos ||
           daemon.has_ended();
  });
  INFO(daemon.err());
  REQUIRE(is_up);
  REQUIRE_FALSE(daemon.has_ended());
  CHECK(daemon.comes_to_log("No space left on device"));
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}
