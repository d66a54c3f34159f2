// What the daemon says against what is true, end to end: a real process, a real second, real HTTP.
#include "support/daemon_runner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace provisr::test;

namespace {

[[nodiscard]] std::string process(std::string_view name,
                                  const std::vector<std::string>& arguments) {
  return fmt::format("[[processes]]\nname = \"{}\"\n{}", name, child_args(arguments));
}

/// The median CPU figure of the samples of a history but the first.
[[nodiscard]] double median_cpu(const rapidjson::Document& answer) {
  std::vector<double> figures;
  const auto history = answer["history"].GetArray();
  for (rapidjson::SizeType i = 1; i < history.Size(); ++i) {
    figures.push_back(history[i]["cpu_percent"].GetDouble());
  }
  std::sort(figures.begin(), figures.end());
  return figures.empty() ? -1 : figures[figures.size() / 2];
}

/// A figure of /proc/PID/status.
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

TEST_CASE("CPU shares are what the processes use", "[serial]") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"1s\"\nmax_history = 6\n" +
                      process("busy", {"spinner", "100"}) + process("third", {"spinner", "30"}));
  // Until five seconds in a row had a processor for each of the two: on a busy machine the first
  // ones may not. A wrong figure stays wrong.
  const auto shows = [&](const std::string& name, double percent) {
    return eventually([&] {
      const rapidjson::Document answer = daemon.json("/api/metrics/history?name=" + name);
      return answer["history"].Size() == 6 && std::abs(median_cpu(answer) - percent) <= 3;
    });
  };
  CHECK(shows("busy", 100));
  CHECK(shows("third", 30));
}

TEST_CASE("memory, threads and descriptors are what /proc says") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"100ms\"\n" +
                      process("memory", {"allocator", "64"}) +
                      process("threads", {"threader", "8"}) + process("files", {"opener", "40"}));
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
  // A program starts with three descriptors of its own.
  CHECK(eventually(
      [&] { return daemon.json("/api/metrics?name=threads")["num_threads"].GetInt() == 8; }));
  CHECK(
      eventually([&] { return daemon.json("/api/metrics?name=files")["num_fds"].GetInt() >= 43; }));
}
