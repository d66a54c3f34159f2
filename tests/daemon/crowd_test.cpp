// The real daemon with many exits, commands or descriptors at once.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/sanitizers.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <signal.h>
#include <string>
#include <thread>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

[[nodiscard]] std::string sleepers(int count, const std::string& more) {
  return fmt::format(
      "[[processes]]\nname = \"app\"\nargs = [\"sleep\", \"1000\"]\ninstances = {}\n{}", count,
      more);
}

/// Returns the PIDs of all running processes by name; none if the question got no answer.
[[nodiscard]] std::map<std::string, int> running_pids(const rapidjson::Document& status) {
  std::map<std::string, int> pids;
  if (!status.IsObject()) return pids;
  for (const auto& process : status["processes"].GetArray()) {
    if (!process.HasMember("pid") || process["state"] != "running") continue;
    pids[process["name"].GetString()] = process["pid"].GetInt();
  }
  return pids;
}

/// Returns the seconds until the next start of each process that waits for one, likewise.
[[nodiscard]] std::vector<double> coming_starts(const rapidjson::Document& status) {
  std::vector<double> seconds;
  if (!status.IsObject()) return seconds;
  for (const auto& process : status["processes"].GetArray()) {
    if (!process.HasMember("next_start_in_seconds")) continue;
    seconds.push_back(process["next_start_in_seconds"].GetDouble());
  }
  return seconds;
}

/// A provisrd with a token, started by a shell that runs `preparation` first.
class PreparedDaemon {
 public:
  PreparedDaemon(const std::string& preparation, const std::string& processes)
      : program_({"sh", "-c",
                  fmt::format("{} exec '{}' '{}'", preparation, provisrd_path(), write(processes))},
                 folder_.path()) {
    const bool is_up =
        eventually([&] { return get("/healthz").status == 200 || program_.has_ended(); });
    INFO(program_.err());
    REQUIRE(is_up);
    REQUIRE_FALSE(program_.has_ended());
  }
  ~PreparedDaemon() {
    program_.signal(SIGTERM);
    static_cast<void>(program_.wait());
  }
  PreparedDaemon(const PreparedDaemon&) = delete;
  PreparedDaemon& operator=(const PreparedDaemon&) = delete;

  [[nodiscard]] HttpResult get(const std::string& path) const { return http_get(port_, path); }
  [[nodiscard]] HttpResult post(const std::string& path) const {
    return http_send(port_, "POST", path, TokenFile::credentials);
  }
  /// Null if there was no answer: a daemon short of descriptors drops clients.
  [[nodiscard]] rapidjson::Document status() const {
    rapidjson::Document document;
    document.Parse(get("/api/status").body.c_str());
    return document;
  }
  /// Returns provisrd: the shell has executed it.
  [[nodiscard]] Program& program() { return program_; }

 private:
  [[nodiscard]] std::string write(const std::string& processes) const {
    return folder_
        .write("provisr.toml", fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[server.auth]\n"
                                           "token_file = \"{}\"\n[metrics]\nenabled = false\n{}{}",
                                           port_, token_.path(), quick_collection, processes))
        .string();
  }

  TempDirectory folder_;
  TokenFile token_;
  int port_ = free_port();
  Program program_;
};

[[nodiscard]] int open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator files(fmt::format("/proc/{}/fd", pid));
  return static_cast<int>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("a thousand processes that are killed at once come back, and not all at one moment") {
  constexpr int count = is_slowed_down ? 300 : 1000;
  const Daemon daemon(sleepers(count,
                               "auto_restart = true\nstart_duration = \"0s\"\n"
                               "restart_interval = \"3s\"\n"));
  std::map<std::string, int> before;
  REQUIRE(eventually(
      [&] { return (before = running_pids(daemon.json("/api/status"))).size() == count; }));
  for (const auto& [name, pid] : before) send_signal(pid, SIGKILL);
  CHECK(eventually([&] {
    const std::vector<double> seconds = coming_starts(daemon.json("/api/status"));
    if (seconds.size() < count / 2) return false;
    const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
    return *most - *least > 0.3;  // jitter is up to a quarter of 3 s
  }));
  CHECK(daemon.get("/healthz").status == 200);
  std::map<std::string, int> after;
  REQUIRE(eventually([&] {
    after = running_pids(daemon.json("/api/status"));
    return after.size() == count && std::none_of(after.begin(), after.end(), [&](const auto& now) {
             return before.at(now.first) == now.second;
           });
  }));
  const int last = after.at("app-1");
  send_signal(last, SIGKILL);
  CHECK(eventually([&] { return daemon.json("/api/exits")["exits"][0]["pid"].GetInt() == last; }));
  constexpr int kept = 1000;
  const auto exits = static_cast<int>(daemon.json("/api/exits")["exits"].Size());
  CHECK(exits == std::min(count + 1, kept));
}

TEST_CASE("a storm of commands is answered whole, and leaves each process as was asked last") {
  const PreparedDaemon daemon(
      "",
      sleepers(4, "auto_restart = true\nstart_duration = \"0s\"\nrestart_interval = \"10ms\"\n") +
          "[[processes]]\nname = \"other\"\nargs = [\"sleep\", \"1000\"]\n"
          "start_duration = \"0s\"\n");
  static constexpr std::size_t clients = 12;
  static constexpr int overruled = 1;  // key of a 500 that says so; 0 is no answer
  std::array<std::map<int, int>, clients> answers;
  std::vector<std::thread> threads;
  for (std::size_t client = 0; client < clients; ++client) {
    threads.emplace_back([&daemon, &mine = answers[client], client] {
      std::mt19937 random(static_cast<unsigned>(client));
      constexpr std::array commands{"start?name=app-1",
                                    "stop?name=app-1&wait=30s",
                                    "restart?name=app-2",
                                    "restart?base=app&wait=30s",
                                    "stop?base=app",
                                    "start?base=app&wait=30s",
                                    "start?name=other",
                                    "stop?name=other",
                                    "restart?name=other&wait=30s"};
      for (int i = 0; i < 30; ++i) {
        const bool is_reload = random() % 8 == 0;
        const std::string command = is_reload ? "reload" : commands[random() % commands.size()];
        const HttpResult answer = daemon.post("/api/" + command);
        const bool is_overruled =
            answer.body.find("replaced by a later command") != std::string::npos;
        ++mine[is_overruled ? overruled : answer.status];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<int, int> all;
  for (const auto& mine : answers) {
    for (const auto& [status, times] : mine) all[status] += times;
  }
  for (const auto& [status, times] : all) UNSCOPED_INFO(status << ": " << times);
  int understood = 0;
  for (const int status : {200, 202, overruled}) understood += all[status];
  CHECK(understood == clients * 30);
  CHECK(all[200] > 0);
  CHECK(all[202] > 0);

  CHECK(daemon.post("/api/stop?base=app&wait=30s").status == 200);
  CHECK(daemon.post("/api/start?name=app-2&wait=30s").status == 200);
  CHECK(daemon.post("/api/start?name=other&wait=30s").status == 200);
  const rapidjson::Document status = daemon.status();
  const std::map<std::string, int> running = running_pids(status);
  CHECK(running.size() == 2);
  CHECK((running.contains("app-2") && running.contains("other")));
  CHECK(std::ranges::all_of(running, [](const auto& now) { return is_alive(now.second); }));
}

TEST_CASE(
    "a crowd of children with many descriptors each is run and measured with few of its own") {
  constexpr int count = is_slowed_down ? 100 : 300;
  const int limit = GENERATE(sanitizer_needs_descriptors ? 256 : 64, 512);
  PreparedDaemon daemon(fmt::format("ulimit -n {};", limit),
                        fmt::format("[[processes]]\nname = \"app\"\n{}\ninstances = {}\n"
                                    "start_duration = \"0s\"\n",
                                    child_args({"opener", "40"}), count));
  CHECK(eventually([&] { return running_pids(daemon.status()).size() == count; }));
  const auto is_measured = [&] {
    rapidjson::Document samples;
    samples.Parse(daemon.get("/api/metrics").body.c_str());
    if (!samples.IsObject() || samples.MemberCount() != count) return false;
    return std::all_of(samples.MemberBegin(), samples.MemberEnd(), [](const auto& sample) {
      return sample.value.HasMember("num_fds") && sample.value["num_fds"].GetInt() >= 40;
    });
  };
  CHECK(eventually(is_measured));
  CHECK(open_descriptors(daemon.program().pid()) < limit);
  CHECK(daemon.post("/api/restart?name=app-7&wait=30s").status == 200);
  CHECK(daemon.get("/healthz").status == 200);
}
