#include "daemon/child_process.hpp"
#include "daemon/text.hpp"
#include "support/eventually.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

// provisrd as a user runs it, as far as that is the same on every platform.

namespace provisr::test {
namespace {

using daemon::ChildCommand;
using daemon::ChildProcess;
namespace fs = std::filesystem;

class Folder {
 public:
  Folder()
      : path_(fs::temp_directory_path() /
              fmt::format("provisr contract {:08x}", std::random_device{}())) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Its name in UTF-8, as it is given to provisrd.
  [[nodiscard]] std::string write(const char8_t* name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return daemon::name_of(path_ / name);
  }

 private:
  fs::path path_;
};

/// cpp-httplib closes a socket only once it has listened on it.
[[nodiscard]] int free_port() {
  httplib::Server server;
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread listener([&] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
  server.stop();
  listener.join();
  return port;
}

[[nodiscard]] std::string get(int port, const std::string& path) {
  httplib::Client client("127.0.0.1", port);
  const auto answer = client.Get(path);
  return answer && answer->status == 200 ? answer->body : "";
}

[[nodiscard]] std::unique_ptr<ChildProcess> start_daemon(const std::vector<std::string>& options) {
  ChildCommand command;
  command.argv = {PROVISRD_PATH};
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  std::error_code error;
  std::string what;
  auto child = ChildProcess::start(command, error, what);
  if (!child) throw std::system_error(error, what);
  return child;
}

[[nodiscard]] int exit_code_of(const std::vector<std::string>& options) {
  const auto daemon = start_daemon(options);
  REQUIRE(eventually([&] { return daemon->poll_exit().has_value(); }));
  return daemon->poll_exit()->code;
}

/// The number behind "pid" of the one process in an answer.
[[nodiscard]] ProcessId pid_in(const std::string& answer) {
  const auto key = answer.find("\"pid\":");
  return key == std::string::npos ? 0 : std::stoll(answer.substr(key + 6));
}

[[nodiscard]] bool is_running(ProcessId pid) {
  SamplingContext context;
  std::error_code error;
  auto sampler = ProcessSampler::open(context, pid, error);
  ProcessReading ignored;
  return sampler && sampler->read(ignored) == ReadStatus::ok;
}

constexpr auto configuration = R"(
[metrics.process_metrics]
interval = "100ms"

[[processes]]
name = "worker"
args = ['{}', "spinner", "20", "--seconds", "300"]
)";

/// A daemon that runs one worker.
struct RunningDaemon {
  Folder folder;
  int api_port = free_port();
  int metrics_port = free_port();
  std::unique_ptr<ChildProcess> daemon = start_daemon(
      {folder.write(u8"provisr.toml", fmt::format(fmt::runtime(configuration), PROVISR_CHILD_PATH)),
       fmt::format("--listen=127.0.0.1:{}", api_port),
       fmt::format("--metrics-listen=127.0.0.1:{}", metrics_port), "--log-level=warn"});

  /// The worker's, once there is one with all figures.
  [[nodiscard]] std::string sample() const {
    std::string text;
    REQUIRE(eventually([&] {
      text = get(api_port, "/api/metrics?name=worker");
      return text.find("\"cpu_percent\"") != std::string::npos;
    }));
    return text;
  }
};

}  // namespace

TEST_CASE("provisrd starts a child and answers with its figures") {
  const RunningDaemon running;
  const std::string sample = running.sample();
  CHECK(sample.find("\"memory_rss\"") != std::string::npos);
  CHECK(sample.find("\"num_threads\"") != std::string::npos);
  CHECK(is_running(pid_in(sample)));
  CHECK(eventually([&] {
    const std::string page = get(running.metrics_port, "/metrics");
    return page.find("provisr_process_cpu_percent{name=\"worker\"}") != std::string::npos &&
           page.find("provisr_process_up{name=\"worker\"} 1") != std::string::npos;
  }));
}

TEST_CASE("provisrd ends when asked, and leaves nothing running", "[console]") {
  const RunningDaemon running;
  const ProcessId worker = pid_in(running.sample());
  running.daemon->terminate_group();
  REQUIRE(eventually([&] { return running.daemon->poll_exit().has_value(); }));
  CHECK(running.daemon->poll_exit()->success());
  CHECK_FALSE(is_running(worker));
}

TEST_CASE("What a killed provisrd ran does not outlive it", "[orphans]") {
  const RunningDaemon running;
  const ProcessId worker = pid_in(running.sample());
  running.daemon->kill_group();
  REQUIRE(eventually([&] { return running.daemon->poll_exit().has_value(); }));
  CHECK(eventually([&] { return !is_running(worker); }));
}

TEST_CASE("provisrd fails on an address that is taken") {
  httplib::Server taken;
  const int port = taken.bind_to_any_port("127.0.0.1");
  const Folder folder;
  const auto file = folder.write(u8"provisr.toml", "[metrics]\nenabled = false\n");
  CHECK(exit_code_of({file, fmt::format("--listen=127.0.0.1:{}", port)}) == 1);
}

TEST_CASE("provisrd tells a good configuration from a bad one") {
  const Folder folder;
  const auto good = folder.write(u8"good.toml", "[metrics]\nenabled = true\n");
  const auto bad = folder.write(u8"bad.toml", "[metrics]\nenabeld = true\n");
  CHECK(exit_code_of({"--check", good}) == 0);
  CHECK(exit_code_of({"--check", bad}) == 2);
  CHECK(exit_code_of({"--version"}) == 0);
}

TEST_CASE("names of files hold any letters") {
  const Folder folder;
  const auto file = folder.write(u8"J\u00fcrgen \u65e5\u672c.toml", "[metrics]\nenabled = true\n");
  CHECK(exit_code_of({"--check", file}) == 0);
}

}  // namespace provisr::test
