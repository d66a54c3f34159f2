#include "contract/running_daemon.hpp"
#include "daemon/base/text.hpp"
#include "support/child_exit.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <string>
#include <system_error>
#include <vector>

namespace provisr::test {
namespace {

using daemon::name_of;

[[nodiscard]] int exit_code_of(const std::vector<std::string>& options) {
  const auto daemon = start_daemon(options);
  REQUIRE(eventually([&] { return poll_exit(*daemon).has_value(); }));
  return poll_exit(*daemon)->code;
}

/// Returns the PID in an answer with one process.
[[nodiscard]] ProcessId pid_in(const std::string& answer) {
  const auto key = answer.find("\"pid\":");
  return key == std::string::npos ? 0 : std::stoi(answer.substr(key + 6));
}

[[nodiscard]] bool is_running(ProcessId pid) {
  SamplingContext context;
  std::error_code error;
  auto sampler = ProcessSampler::open(context, pid, error);
  ProcessReading ignored;
  return sampler && sampler->read(ignored) == ReadStatus::ok;
}

struct DaemonWithWorker : RunningDaemon {
  DaemonWithWorker()
      : RunningDaemon(fmt::format("[[processes]]\n"
                                  "name = \"worker\"\n"
                                  "args = ['{}', \"spinner\", \"20\", \"--seconds\", \"300\"]\n",
                                  child_path())) {}

  /// Waits until the worker has a sample with all figures, and returns it.
  [[nodiscard]] std::string sample() const {
    std::string text;
    const bool has_all = eventually([&] {
      text = api("/api/metrics?name=worker");
      return text.find("\"cpu_percent\"") != std::string::npos;
    });
    INFO(log());
    REQUIRE(has_all);
    return text;
  }
};

}  // namespace

TEST_CASE("provisrd starts a child and answers with its figures") {
  const DaemonWithWorker running;
  const std::string sample = running.sample();
  CHECK(sample.find("\"memory_rss\"") != std::string::npos);
  CHECK(sample.find("\"num_threads\"") != std::string::npos);
  CHECK(is_running(pid_in(sample)));
  CHECK(eventually([&] {
    const std::string page = running.metrics();
    return page.find("provisr_process_cpu_percent{name=\"worker\"}") != std::string::npos &&
           page.find("provisr_process_up{name=\"worker\"} 1") != std::string::npos;
  }));
}

TEST_CASE("provisrd ends when asked, and leaves nothing running", "[console]") {
  DaemonWithWorker running;
  const ProcessId worker = pid_in(running.sample());
  running.process().terminate_group();
  const bool has_ended = eventually([&] { return poll_exit(running.process()).has_value(); });
  INFO(running.log());
  REQUIRE(has_ended);
  CHECK(poll_exit(running.process())->success());
  CHECK_FALSE(is_running(worker));
}

TEST_CASE("What a killed provisrd ran does not outlive it", "[orphans]") {
  DaemonWithWorker running;
  const ProcessId worker = pid_in(running.sample());
  running.process().kill_group();
  REQUIRE(eventually([&] { return poll_exit(running.process()).has_value(); }));
  CHECK(eventually([&] { return !is_running(worker); }));
}

TEST_CASE("provisrd fails on an address that is taken") {
  const TakenPort taken;
  const TempDirectory directory;
  const auto file = directory.write("provisr.toml", "[metrics]\nenabled = false\n");
  CHECK(exit_code_of({name_of(file), fmt::format("--listen=127.0.0.1:{}", taken.number())}) == 1);
}

TEST_CASE("provisrd tells a good configuration from a bad one") {
  const TempDirectory directory;
  const auto good = directory.write("good.toml", "[metrics]\nenabled = true\n");
  const auto bad = directory.write("bad.toml", "[metrics]\nenabeld = true\n");
  CHECK(exit_code_of({"--check", name_of(good)}) == 0);
  CHECK(exit_code_of({"--check", name_of(bad)}) == 2);
  CHECK(exit_code_of({"--version"}) == 0);
}

TEST_CASE("names of files hold any letters") {
  const TempDirectory directory;
  const auto file =
      directory.write(u8"J\u00fcrgen \u65e5\u672c.toml", "[metrics]\nenabled = true\n");
  CHECK(exit_code_of({"--check", name_of(file)}) == 0);
}

}  // namespace provisr::test
