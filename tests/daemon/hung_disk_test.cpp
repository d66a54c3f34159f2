// A running provisrd while the disk of state_dir hangs.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/lasting_daemon.hpp"
#include "support/paths.hpp"
#include "support/preload.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <signal.h>
#include <string>
#include <utility>
#include <vector>

using namespace provisr::test;

namespace {

/// A disk that can hang. It holds the files whose paths contain `part`, by default those of
/// state_dir.
class HangingDisk {
 public:
  explicit HangingDisk(std::string part = "/state/") : part_(std::move(part)) { set(false); }

  void hang() const { set(true); }
  void answer() const { set(false); }

  [[nodiscard]] Preload preload() const { return {disk_shim_path(), "PROVISR_TEST_DISK", name()}; }
  [[nodiscard]] std::vector<std::string> prefix() const {
    return preload().with({"env", "PROVISR_TEST_DISK_FOLDER=" + part_});
  }

 private:
  void set(bool hangs) const {
    std::fstream file(name(), std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(name(), std::ios::out | std::ios::binary);
    file.put(hangs ? '\1' : '\0');
  }
  [[nodiscard]] std::string name() const { return (folder_.path() / "disk").string(); }

  std::string part_;
  TempDirectory folder_;
};

[[nodiscard]] bool can_make_a_disk_hang() {
  return HangingDisk().preload().works_with_provisrd();
}

[[nodiscard]] std::string health_of(const Lasting& daemon) {
  return http_get(daemon.port, "/healthz").body;
}

[[nodiscard]] bool is_asked_for(const Lasting& daemon, const std::string& command) {
  return http_send(daemon.port, "POST", command, TokenFile::credentials).status == 200;
}

/// Waits until there are three newer samples.
[[nodiscard]] bool has_more_samples(const Lasting& daemon, const std::string& name) {
  if (!eventually([&] { return !daemon.history_of(name).empty(); })) return false;
  const std::string newest = daemon.history_of(name).back();
  return eventually([&] {
    const std::vector<std::string> history = daemon.history_of(name);
    return std::ranges::count_if(history, [&](const auto& time) { return time > newest; }) >= 3;
  });
}

}  // namespace

TEST_CASE("a disk that hangs keeps no tick, answer, start or stop waiting, and loses no sample") {
  if (!can_make_a_disk_hang()) SKIP("this build cannot be shown a disk that hangs");
  const HangingDisk disk;
  const std::string processes = lasting_process("app") + lasting_process("other");
  Lasting daemon(processes, disk.prefix());
  daemon.write(processes, 10'000);
  daemon.kill_and_start();
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  static_cast<void>(daemon.written_history_of("app"));

  disk.hang();
  CHECK(has_more_samples(daemon, "app"));
  CHECK(eventually([&] {
    return health_of(daemon).find("the disk of state_dir has not answered for") !=
           std::string::npos;
  }));
  CHECK(health_of(daemon).starts_with("ok\n"));
  const std::size_t in_file = daemon.in_file("app");
  CHECK(has_more_samples(daemon, "app"));
  CHECK(daemon.in_file("app") <= in_file + 1);
  const int other = daemon.pid_of("other");
  CHECK(is_asked_for(daemon, "/api/stop?name=other&wait=30s"));
  CHECK_FALSE(is_alive(other));
  CHECK(is_asked_for(daemon, "/api/start?name=other&wait=30s"));
  daemon.write(processes + lasting_process("new"), 10'000);
  CHECK(is_asked_for(daemon, "/api/reload"));
  CHECK(eventually([&] { return daemon.history_of("new").size() >= 3; }));
  CHECK(daemon.is_logged("does not answer"));

  disk.answer();
  CHECK(eventually([&] { return health_of(daemon) == "ok\n"; }));
  CHECK(daemon.is_logged("answers again"));
  const std::vector<std::string> app = daemon.written_history_of("app");
  const std::vector<std::string> added = daemon.written_history_of("new");
  daemon.kill_and_start();
  const std::vector<std::string> after = daemon.history_of("app");
  REQUIRE(after.size() >= app.size());
  CHECK(std::equal(app.begin(), app.end(), after.begin()));
  CHECK(daemon.history_of("new").front() == added.front());
}

TEST_CASE("killed while its disk hangs, provisrd loses what was not written, and nothing else") {
  if (!can_make_a_disk_hang()) SKIP("this build cannot be shown a disk that hangs");
  const HangingDisk disk;
  Lasting daemon(lasting_process("app"), disk.prefix());
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  const std::vector<std::string> written = daemon.written_history_of("app");
  disk.hang();
  CHECK(has_more_samples(daemon, "app"));
  daemon.kill();
  disk.answer();
  daemon.start();
  REQUIRE(eventually([&] { return daemon.history_of("app").size() > written.size() + 3; }));
  const std::vector<std::string> after = daemon.history_of("app");
  CHECK(std::equal(written.begin(), written.end(), after.begin()));
  CHECK(std::ranges::is_sorted(after));
  CHECK(std::set(after.begin(), after.end()).size() == after.size());
}

TEST_CASE("a disk that hangs does not keep provisrd from ending, nor its children") {
  if (!can_make_a_disk_hang()) SKIP("this build cannot be shown a disk that hangs");
  const HangingDisk disk;
  Lasting daemon(lasting_process("app"), disk.prefix());
  const int pid = daemon.pid_of("app");
  REQUIRE(eventually([&] { return daemon.history_of("app").size() >= 3; }));
  disk.hang();
  CHECK(has_more_samples(daemon, "app"));
  daemon.program->signal(SIGTERM);
  CHECK(daemon.program->wait() == 0);
  CHECK_FALSE(is_alive(pid));
  disk.answer();
}

TEST_CASE("a pid_file on a disk that hangs keeps no stop, start or answer waiting") {
  if (!can_make_a_disk_hang()) SKIP("this build cannot be shown a disk that hangs");
  const HangingDisk disk("/pid-files/");
  const TempDirectory folder;
  std::filesystem::create_directory(folder.path() / "pid-files");
  const auto pid_file = [&](int number) {
    return (folder.path() / "pid-files" / std::to_string(number)).string();
  };
  std::string processes = lasting_process(
      "app", fmt::format("start_duration = \"0s\"\npid_file = \"{}\"\n", pid_file(100)));
  for (int number = 0; number < 12; ++number) {
    processes += fmt::format("[[processes]]\nname = \"far-{}\"\npid_file = \"{}\"\n", number,
                             pid_file(number));
  }
  const Lasting daemon(processes, disk.prefix());
  disk.hang();
  CHECK(eventually([&] {
    return http_get(daemon.port, "/api/status?name=far-11")
               .body.find("cannot be read: its file system does not answer") != std::string::npos;
  }));
  CHECK(is_asked_for(daemon, "/api/restart?name=app&wait=30s"));
  CHECK(has_more_samples(daemon, "app"));
  CHECK(http_get(daemon.port, "/api/status?name=app")
            .body.find("is not written yet: its file system does not answer") != std::string::npos);
  write_text(pid_file(3), std::to_string(daemon.pid_of("app")));

  disk.answer();
  CHECK(eventually([&] { return daemon.state_of("far-3") == "running"; }));
  CHECK(eventually([&] { return daemon.state_of("far-4") == "absent"; }));
  CHECK(eventually([&] {
    std::string text;
    std::getline(std::ifstream(pid_file(100)), text);  // empty while there is no file
    return text == std::to_string(daemon.pid_of("app"));
  }));
  CHECK(eventually([&] {
    return http_get(daemon.port, "/api/status?name=app").body.find("last_error") ==
           std::string::npos;
  }));
}

TEST_CASE("a process that hangs whoever reads its environment keeps no stop and no start waiting") {
  if (!can_make_a_disk_hang()) SKIP("this build cannot be shown a file that hangs");
  const HangingDisk environments("/environ");
  const TempDirectory folder;
  const std::string orphans = (folder.path() / "orphans").string();
  const Lasting daemon(
      fmt::format(
          "[[processes]]\nname = \"app\"\nargs = [\"sh\", \"-c\", \"setsid -f sh -c 'echo $$ "
          ">> {}; exec sleep 1000'; exec sleep 1000\"]\n"
          "start_duration = \"0s\"\n",
          orphans) +
          lasting_process("other", "start_duration = \"0s\"\n"),
      environments.prefix());
  const auto orphan = [&](std::size_t index) {
    std::vector<int> pids;
    REQUIRE(eventually([&] {
      pids.clear();
      std::ifstream file(orphans);
      for (int pid = 0; file >> pid;) pids.push_back(pid);
      return pids.size() > index;
    }));
    return pids[index];
  };
  const int first = orphan(0);
  environments.hang();
  CHECK(is_asked_for(daemon, "/api/restart?name=app&wait=30s"));
  CHECK(is_asked_for(daemon, "/api/restart?name=other&wait=30s"));
  CHECK(has_more_samples(daemon, "app"));
  CHECK(is_alive(first));  // without its environment, the orphan cannot be assigned to "app"
  const int second = orphan(1);

  environments.answer();
  std::size_t count = 2;
  CHECK(eventually([&] {  // after the read of its environment has returned
    const int latest = orphan(count - 1);
    if (!is_asked_for(daemon, "/api/restart?name=app&wait=30s")) return false;
    ++count;
    return !is_alive(latest);
  }));
  for (const int pid : {first, second}) {
    if (is_alive(pid)) send_signal(pid, SIGKILL);
  }
}
