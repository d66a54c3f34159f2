// Limits of the real daemon on real processes that use too much.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <signal.h>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::string_view collection = "[metrics.process_metrics]\ninterval = \"20ms\"\n";
/// Long enough that a process gets some CPU time in each interval, even on a busy machine.
constexpr std::string_view slow_collection = "[metrics.process_metrics]\ninterval = \"200ms\"\n";

std::string limited_process(std::string_view name, const std::vector<std::string>& program,
                            std::string_view limits) {
  return process_toml(name, program,
                      fmt::format("start_duration = \"0s\"\n[processes.limits]\n{}\n", limits));
}

bool has_logged(Daemon& daemon, std::string_view text) {
  return daemon.program().err().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a process over its memory limit is told of and goes on") {
  Daemon daemon(std::string(collection) +
                limited_process("big", {"allocator", "64"},
                                "max_memory_mb = 32\nmax_cpu_percent = 900\nfor = \"100ms\"") +
                limited_process("small", {"allocator", "1"}, "max_memory_mb = 32\nfor = \"0s\""));
  REQUIRE(eventually([&] { return daemon.status_of("big").HasMember("limits_breached"); }));
  const pid_t pid = daemon.pid_of("big");
  const auto status = daemon.status_of("big");
  REQUIRE(status["limits_breached"].Size() == 1);
  const auto& breach = status["limits_breached"][0];
  CHECK(breach["limit"] == "memory");
  CHECK(breach["value"].GetDouble() > 32.0);  // may still grow to 64
  CHECK(breach["max"].GetDouble() == 32.0);
  CHECK(breach["action"] == "log");
  CHECK(status["restarts"].GetInt() == 0);
  CHECK(is_alive(pid));
  CHECK_FALSE(daemon.status_of("small").HasMember("limits_breached"));
  const std::string metrics = daemon.prometheus();
  const std::string family = "provisr_process_limit_breaches_total";
  CHECK_THAT(metrics, ContainsSubstring(family + "{name=\"big\",limit=\"memory\"} 1\n"));
  CHECK_THAT(metrics, ContainsSubstring(family + "{name=\"big\",limit=\"cpu\"} 0\n"));
  CHECK_THAT(metrics, ContainsSubstring(family + "{name=\"small\",limit=\"memory\"} 0\n"));
  CHECK(eventually([&] { return has_logged(daemon, "is over the limit of 32 MB, since 20"); }));
}

TEST_CASE("a process over its memory limit is restarted, once at first") {
  Daemon daemon(std::string(collection) + limited_process("big", {"allocator", "64"},
                                                          "max_memory_mb = 32\nfor = \"100ms\"\n"
                                                          "action = \"restart\""));
  REQUIRE(eventually([&] { return has_logged(daemon, "action: restart, put off for "); }));
  CHECK(daemon.status_of("big")["restarts"].GetInt() == 1);
  const auto exits = daemon.json("/api/exits?name=big");
  REQUIRE(exits["exits"].Size() == 1);
  CHECK(exits["exits"][0]["reason"] == "limit");
}

TEST_CASE("a process over its CPU limit is stopped, and stays so") {
  Daemon daemon(std::string(slow_collection) +
                limited_process("busy", {"spinner", "100"},
                                "max_cpu_percent = 1\nfor = \"200ms\"\naction = \"stop\"") +
                "[[processes]]\nname = \"quiet\"\n" + child_args({"threader", "1"}));
  REQUIRE(eventually([&] { return daemon.state_of("busy") == "stopped"; }));
  CHECK_FALSE(daemon.status_of("busy").HasMember("limits_breached"));
  CHECK(daemon.json("/api/exits?name=busy")["exits"][0]["reason"] == "limit");
  CHECK(has_logged(daemon, "busy: CPU usage of "));
  // A reload of the unchanged file does not start a stopped process.
  daemon.program().signal(SIGHUP);
  REQUIRE(eventually([&] { return has_logged(daemon, "reloaded: 0 started"); }));
  CHECK(daemon.state_of("busy") == "stopped");
}

TEST_CASE("a process that calms down breaches its limit no more") {
  // The process uses some CPU time and then sleeps.
  Daemon daemon(std::string(slow_collection) +
                limited_process("busy", {"burner", "3000"}, "max_cpu_percent = 1\nfor = \"0s\""));
  REQUIRE(eventually([&] { return daemon.status_of("busy").HasMember("limits_breached"); }));
  REQUIRE(eventually([&] { return !daemon.status_of("busy").HasMember("limits_breached"); }));
  CHECK(daemon.state_of("busy") == "running");
  CHECK(eventually([&] { return has_logged(daemon, "is within the limit of 1 % again"); }));
}

TEST_CASE("a process that ignores its stop signal is killed for its limit") {
  Daemon daemon(std::string(collection) + "[[processes]]\nname = \"big\"\n" +
                child_args({"stubborn"}) +
                "stop_timeout = \"100ms\"\n[processes.limits]\nmax_memory_mb = 0.1\n"
                "for = \"0s\"\naction = \"stop\"\n");
  REQUIRE(eventually([&] { return daemon.state_of("big") == "stopped"; }));
  const auto exits = daemon.json("/api/exits?name=big");
  CHECK(exits["exits"][0]["reason"] == "limit");
}

TEST_CASE("a process of somebody else that is over its limit is told of") {
  const TempDirectory folder;
  Program other({child_path(), "allocator", "64"}, folder.path());
  folder.write("big.pid", fmt::format("{}\n", other.pid()));
  Daemon daemon(
      fmt::format("{}[[processes]]\nname = \"big\"\npid_file = \"{}\"\n"
                  "[processes.limits]\nmax_memory_mb = 32\nfor = \"0s\"\n",
                  collection, (folder.path() / "big.pid").string()));
  REQUIRE(eventually([&] { return daemon.status_of("big").HasMember("limits_breached"); }));
  CHECK_FALSE(other.has_ended());
}

TEST_CASE("a reload raises a limit without a restart") {
  const std::string before = "max_memory_mb = 32\nfor = \"0s\"";
  Daemon daemon(std::string(collection) + limited_process("big", {"allocator", "64"}, before));
  REQUIRE(eventually([&] { return daemon.status_of("big").HasMember("limits_breached"); }));
  const pid_t pid = daemon.pid_of("big");
  const auto file = daemon.folder().path() / "provisr.toml";
  std::string text = read_text(file);
  text.replace(text.find("max_memory_mb = 32"), std::string("max_memory_mb = 32").size(),
               "max_memory_mb = 3200");
  daemon.folder().write("new.toml", text);
  std::filesystem::rename(daemon.folder().path() / "new.toml", file);  // replaced atomically
  daemon.program().signal(SIGHUP);
  REQUIRE(eventually([&] { return has_logged(daemon, "0 restarted, 1 changed"); }));
  CHECK(eventually([&] { return !daemon.status_of("big").HasMember("limits_breached"); }));
  CHECK(daemon.pid_of("big") == pid);
}
