// A running provisrd while the wall clock is set forward and back.
#include "daemon/base/timestamp.hpp"
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/preload.hpp"
#include "support/send_signal.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <signal.h>
#include <string>
#include <vector>

using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using provisr::Timestamp;

namespace {

/// The wall clock that a program sees.
class SteppedClock {
 public:
  SteppedClock() { step_to(0s); }

  /// Sets the clock to the system's clock plus `shift`.
  void step_to(std::chrono::seconds shift) const {
    const std::int64_t nanoseconds = std::chrono::nanoseconds(shift).count();
    std::fstream file(name(), std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(name(), std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(&nanoseconds), sizeof nanoseconds);
  }

  [[nodiscard]] Preload preload() const {
    return {clock_shim_path(), "PROVISR_TEST_CLOCK", name()};
  }

 private:
  [[nodiscard]] std::string name() const { return (folder_.path() / "clock").string(); }

  TempDirectory folder_;
};

/// A provisrd that sees a SteppedClock.
class SteppedDaemon {
 public:
  SteppedDaemon() {
    write_configuration("gone");
    program.emplace(clock.preload().with({provisrd_path(), file_}), folder_.path());
    REQUIRE(eventually([&] { return status("/healthz") == 200 || program->has_ended(); }));
    REQUIRE_FALSE(program->has_ended());
  }
  ~SteppedDaemon() {
    program->signal(SIGTERM);
    static_cast<void>(program->wait());
  }
  SteppedDaemon(const SteppedDaemon&) = delete;
  SteppedDaemon& operator=(const SteppedDaemon&) = delete;

  void write_configuration(const std::string& second_name) {
    file_ =
        folder_
            .write("provisr.toml",
                   fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[metrics]\nenabled = false\n"
                               "[metrics.process_metrics]\ninterval = \"100ms\"\n"
                               "max_history = 10000\nhistory_ttl = \"30m\"\n",
                               port_) +
                       process_toml("app", {"threader", "1", "--seconds", "1000"},
                                    "auto_restart = true\nrestart_interval = \"100ms\"\n"
                                    "start_duration = \"0s\"\n") +
                       process_toml(second_name, {"threader", "1", "--seconds", "1000"}))
            .string();
  }

  [[nodiscard]] int status(const std::string& path) const { return http_get(port_, path).status; }
  [[nodiscard]] rapidjson::Document json(const std::string& path) const {
    const HttpResult result = http_get(port_, path);
    INFO(path << ": " << result.body);
    REQUIRE(result.status == 200);
    rapidjson::Document document;
    document.Parse(result.body.c_str());
    return document;
  }
  [[nodiscard]] rapidjson::Document process() const {
    rapidjson::Document document = json("/api/status?name=app");
    rapidjson::Document process;
    process.CopyFrom(document["processes"][0], process.GetAllocator());
    return process;
  }
  [[nodiscard]] int pid() const {
    const rapidjson::Document now = process();
    return now.HasMember("pid") ? now["pid"].GetInt() : 0;
  }

  /// Returns the times of samples, in the order of the answer.
  [[nodiscard]] std::vector<Timestamp> times(const std::string& parameters = "") const {
    std::vector<Timestamp> times;
    const rapidjson::Document history = json("/api/metrics/history?name=app" + parameters);
    for (const auto& sample : history["history"].GetArray()) {
      times.push_back(provisr::daemon::parse_rfc3339(sample["timestamp"].GetString()).value());
    }
    return times;
  }

  /// Steps the clock and waits for samples with the new time.
  void step_to(std::chrono::seconds shift) const {
    clock.step_to(shift);
    REQUIRE(eventually([&] {
      const std::vector<Timestamp> all = times("&limit=3");
      return all.size() == 3 && is_about(all.front(), shift);
    }));
  }

  [[nodiscard]] static bool is_about(Timestamp time, std::chrono::seconds shift) {
    const auto distance = time - (std::chrono::system_clock::now() + shift);
    return distance > -deadline && distance < deadline;
  }

  SteppedClock clock;
  std::optional<Program> program;

 private:
  TempDirectory folder_;
  int port_ = free_port();
  std::string file_;
};

[[nodiscard]] bool can_be_shown_a_clock() {
  return SteppedClock().preload().works_with_provisrd();
}

/// Returns how often a sample has an earlier time than the sample before it.
[[nodiscard]] std::ptrdiff_t steps_back(const std::vector<Timestamp>& times) {
  std::ptrdiff_t count = 0;
  for (std::size_t i = 1; i < times.size(); ++i) count += times[i] < times[i - 1] ? 1 : 0;
  return count;
}

/// Returns whether the times of the rows rise.
[[nodiscard]] bool is_sorted_once(const rapidjson::Document& steps) {
  std::vector<Timestamp> times;
  for (const auto& row : steps["history"].GetArray()) {
    times.push_back(provisr::daemon::parse_rfc3339(row["timestamp"].GetString()).value());
  }
  return std::adjacent_find(times.begin(), times.end(), std::greater_equal<>()) == times.end();
}

}  // namespace

TEST_CASE("a wall clock that is stepped forth and back changes timestamps, and nothing else") {
  if (!can_be_shown_a_clock()) SKIP("this build cannot be shown another clock");
  SteppedDaemon daemon;
  REQUIRE(eventually([&] { return daemon.pid() != 0 && daemon.times().size() >= 3; }));
  const int pid = daemon.pid();
  const auto is_untouched = [&] {
    const rapidjson::Document process = daemon.process();
    const double uptime = process["uptime_seconds"].GetDouble();
    return process["pid"].GetInt() == pid && process["restarts"].GetInt() == 0 &&
           process["state"] == "running" && uptime >= 0 && uptime < 1000 &&
           daemon.status("/healthz") == 200;
  };

  daemon.step_to(2h);
  CHECK(is_untouched());
  CHECK(steps_back(daemon.times()) == 0);
  const std::vector<Timestamp> recent = daemon.times("&since=-5m");
  REQUIRE_FALSE(recent.empty());
  CHECK(SteppedDaemon::is_about(recent.front(), 2h));  // earlier samples are now two hours old

  daemon.step_to(-2h);
  CHECK(is_untouched());
  const std::vector<Timestamp> all = daemon.times();
  CHECK(steps_back(all) == 1);  // samples stay in the order in which they were taken
  // `since` has no upper end, so that samples from the future are included.
  CHECK(daemon.times("&since=-5m").size() >= all.size());
  const std::vector<Timestamp> newest = daemon.times("&since=-5m&until=-0s&limit=2");
  REQUIRE(newest.size() == 2);
  CHECK(SteppedDaemon::is_about(newest.front(), -2h));
  std::size_t samples = 0;
  const rapidjson::Document steps = daemon.json("/api/metrics/history?name=app&step=1s");
  for (const auto& row : steps["history"].GetArray()) samples += row["samples"].GetUint();
  CHECK(samples >= all.size());
  CHECK(is_sorted_once(steps));
  const rapidjson::Document totals =
      daemon.json("/api/metrics/group/history?base=app&step=1m&agg=last");
  CHECK(is_sorted_once(totals));
  for (const auto& row : totals["history"].GetArray()) CHECK(row["process_count"].GetInt() == 1);
  CHECK(daemon.status("/api/metrics/summary?name=app&window=5m") == 200);

  daemon.step_to(0s);
  CHECK(is_untouched());
  CHECK_THAT(daemon.program->err(), !ContainsSubstring("2h"));  // no tick is reported as late
}

TEST_CASE("restarts, exits and retired names keep their time while the clock is stepped") {
  if (!can_be_shown_a_clock()) SKIP("this build cannot be shown another clock");
  SteppedDaemon daemon;
  REQUIRE(eventually([&] { return daemon.pid() != 0 && daemon.times().size() >= 3; }));
  std::uint64_t restarts = 0;
  for (const std::chrono::seconds shift : {-2h, 2h, -1h}) {
    const int pid = daemon.pid();
    REQUIRE(eventually([&] { return has_executed(pid, *daemon.program); }));
    daemon.clock.step_to(shift);
    send_signal(pid, SIGKILL);
    REQUIRE(eventually([&] {
      const int successor = daemon.pid();
      return successor != 0 && successor != pid;
    }));
    CHECK(daemon.process()["restarts"].GetUint64() == ++restarts);
    const rapidjson::Document exits = daemon.json("/api/exits?name=app&since=-5m");
    REQUIRE(exits["exits"].Size() >= 1);
    CHECK(exits["exits"][0]["pid"].GetInt() == pid);  // ordered by when provisrd noticed the exits
    const auto ended = provisr::daemon::parse_rfc3339(exits["exits"][0]["ended_at"].GetString());
    CHECK(SteppedDaemon::is_about(ended.value(), shift));
  }
  const rapidjson::Document ends = daemon.json("/api/exits");
  CHECK(ends["exits"].Size() == restarts);

  daemon.write_configuration("other");
  daemon.program->signal(SIGHUP);
  REQUIRE(eventually([&] { return daemon.status("/api/status?name=other") == 200; }));
  daemon.step_to(10h);
  CHECK(daemon.status("/api/metrics/history?name=gone") == 200);  // kept for half an hour
  CHECK(daemon.process()["uptime_seconds"].GetDouble() < 1000);
}
