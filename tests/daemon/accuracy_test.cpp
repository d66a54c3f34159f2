// The daemon's figures against the truth, end to end: real processes, real time, real HTTP.
#include "support/daemon_runner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

using namespace provisr::test;

namespace {

/// Converts "2025-01-27T10:30:45.123Z" to seconds since the epoch.
[[nodiscard]] double seconds_of(const std::string& timestamp) {
  std::tm time{};
  const char* const fraction = ::strptime(timestamp.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  REQUIRE(fraction != nullptr);
  return static_cast<double>(::timegm(&time)) + std::strtod(fraction, nullptr);
}

/// Repeated readings of a process's CPU clock.
class CpuTrace {
 public:
  explicit CpuTrace(pid_t pid) { REQUIRE(::clock_getcpuclockid(pid, &clock_) == 0); }

  void look() { points_.push_back({seconds_on(CLOCK_REALTIME), seconds_on(clock_)}); }

  /// The least and the most CPU time that the process can have used between two moments.
  struct Range {
    double least;
    double most;
  };
  [[nodiscard]] std::optional<Range> used_between(double from, double to) const {
    const auto begin = around(from);
    const auto end = around(to);
    if (!begin || !end) return std::nullopt;
    return Range{end->least - begin->most, end->most - begin->least};
  }

 private:
  struct Point {
    double at;
    double cpu;
  };

  [[nodiscard]] static double seconds_on(clockid_t clock) {
    timespec time{};
    REQUIRE(::clock_gettime(clock, &time) == 0);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  /// Returns the readings before and after a moment; empty if one of them is missing.
  [[nodiscard]] std::optional<Range> around(double moment) const {
    const auto after = std::find_if(points_.begin(), points_.end(),
                                    [&](const Point& p) { return p.at >= moment; });
    if (after == points_.begin() || after == points_.end()) return std::nullopt;
    return Range{std::prev(after)->cpu, after->cpu};
  }

  clockid_t clock_{};
  std::vector<Point> points_;
};

/// Returns the CPU time that the samples after the first report, in seconds.
[[nodiscard]] double cpu_seconds_told(const rapidjson::Value& history) {
  double told = 0;
  for (rapidjson::SizeType i = 1; i < history.Size(); ++i) {
    const double length = seconds_of(history[i]["timestamp"].GetString()) -
                          seconds_of(history[i - 1]["timestamp"].GetString());
    told += history[i]["cpu_percent"].GetDouble() / 100 * length;
  }
  return told;
}

/// Returns a figure of /proc/PID/status.
[[nodiscard]] std::uint64_t proc_status(pid_t pid, const std::string& key) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string word; file >> word;) {
    std::uint64_t value = 0;
    if (word == key + ":" && file >> value) return value;
  }
  FAIL("no " << key << " of " << pid);
  return 0;
}

[[nodiscard]] std::size_t proc_fds(pid_t pid) {
  const std::filesystem::directory_iterator entries(fmt::format("/proc/{}/fd", pid));
  return static_cast<std::size_t>(std::distance(entries, std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("CPU shares are what the kernel says the processes got") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"500ms\"\nmax_history = 7\n" +
                      process_toml("busy", {"spinner", "100"}) +
                      process_toml("third", {"spinner", "30"}));
  REQUIRE(daemon.has_samples_of({"busy", "third"}));
  // Repeated, because a busy machine may delay the daemon between a tick's timestamp and a reading.
  // A wrong figure would stay wrong.
  const auto agrees = [&](const std::string& name) {
    CpuTrace trace(daemon.pid_of(name));
    return eventually([&] {
      trace.look();
      const rapidjson::Document answer = daemon.json("/api/metrics/history?name=" + name);
      const rapidjson::Value& history = answer["history"];
      if (history.Size() < 7) return false;
      const double from = seconds_of(history[0]["timestamp"].GetString());
      const double to = seconds_of(history[history.Size() - 1]["timestamp"].GetString());
      const auto got = trace.used_between(from, to);
      if (!got) return false;
      const double told = cpu_seconds_told(history);
      const double tolerance = 0.03 * (to - from);
      return told > 0 && told >= got->least - tolerance && told <= got->most + tolerance;
    });
  };
  CHECK(agrees("busy"));
  CHECK(agrees("third"));
}

TEST_CASE("memory, threads and descriptors are what /proc says") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"100ms\"\n" +
                      process_toml("memory", {"allocator", "64"}) +
                      process_toml("threads", {"threader", "8"}) +
                      process_toml("files", {"opener", "40"}));
  REQUIRE(daemon.has_samples_of({"memory", "threads", "files"}));
  const auto agrees = [&](const std::string& name) {
    const pid_t pid = daemon.pid_of(name);
    const rapidjson::Document sample = daemon.json("/api/metrics?name=" + name);
    return sample["memory_rss"].GetUint64() == proc_status(pid, "VmRSS") * 1024 &&
           sample["memory_vms"].GetUint64() == proc_status(pid, "VmSize") * 1024 &&
           sample["num_threads"].GetUint64() == proc_status(pid, "Threads") &&
           sample["num_fds"].GetUint64() == proc_fds(pid);
  };
  for (const char* name : {"memory", "threads", "files"}) {
    INFO(name);
    CHECK(eventually([&] { return agrees(name); }));
  }
  CHECK(eventually([&] {
    return daemon.json("/api/metrics?name=memory")["memory_rss"].GetUint64() >= 64U * 1024 * 1024;
  }));
  // A program starts with three descriptors, in addition to the 40 that it opens.
  CHECK(eventually(
      [&] { return daemon.json("/api/metrics?name=threads")["num_threads"].GetInt() == 8; }));
  CHECK(
      eventually([&] { return daemon.json("/api/metrics?name=files")["num_fds"].GetInt() >= 43; }));
}
