#include "daemon/config/load.hpp"
#include "support/config_lines.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

/// Returns the configuration of a process with limits, whose keys start in line 5.
LoadedConfig with_limits(std::string_view keys, std::string_view what = "command = \"b\"") {
  return parse_config("[[processes]]\nname = \"a\"\n" + std::string(what) +
                          "\n[processes.limits]\n" + std::string(keys) + "\n",
                      "p.toml");
}

}  // namespace

TEST_CASE("limits are read", "[limits]") {
  const LoadedConfig loaded = with_limits(
      "max_memory_mb = 512\nmax_cpu_percent = 99.5\nfor = \"1m\"\naction = \"restart\"");
  REQUIRE(lines_of(loaded.faults) == Lines{});
  CHECK(loaded.warnings.empty());
  CHECK(loaded.config.processes.at(0).limits == ProcessLimits{.max_memory_mb = 512.0,
                                                              .max_cpu_percent = 99.5,
                                                              .breach_duration = 1min,
                                                              .action = LimitAction::restart});
}

TEST_CASE("limits take effect by themselves", "[limits]") {
  const LoadedConfig loaded = with_limits("max_memory_mb = 1");
  REQUIRE(loaded.faults.empty());
  // Not compared as a whole: with sanitizers, GCC warns that the absent maximum is read.
  const ProcessLimits& limits = loaded.config.processes.at(0).limits;
  CHECK(limits.max_memory_mb == 1.0);
  CHECK_FALSE(limits.max_cpu_percent);
  CHECK(limits.breach_duration == 30s);
  CHECK(limits.action == LimitAction::log);
}

TEST_CASE("limits that no sample could be compared with are faults", "[limits]") {
  const std::string value = GENERATE("0", "-1", "0.0", "nan", "inf", "-inf", "1e300", "0.0001");
  CAPTURE(value);
  CHECK(with_limits("max_memory_mb = " + value).faults.size() == 1);
  CHECK(with_limits("max_cpu_percent = " + value).faults.size() == 1);
}

TEST_CASE("each fault of limits is told with its line", "[limits]") {
  CHECK(lines_of(with_limits("max_memory_mb = \"512M\"\nmax_cpu_percent = 0\nfor = 30\n"
                             "action = \"kill\"\nmax_memory = 1")
                     .faults) ==
        Lines{
            "p.toml:5: processes[0].limits.max_memory_mb: must be a number, is a string",
            "p.toml:6: processes[0].limits.max_cpu_percent: must be 0.001 to 1000000, is 0",
            "p.toml:7: processes[0].limits.for: must be a string such as \"5s\", is an integer",
            "p.toml:8: processes[0].limits.action: must be \"log\", \"restart\" or \"stop\", is "
            "\"kill\"",
            "p.toml:9: processes[0].limits.max_memory: unknown key; did you mean "
            "\"max_memory_mb\"?",
        });
}

TEST_CASE("what somebody else runs can only be told of", "[limits]") {
  const std::string_view foreign = "pid_file = \"/run/a.pid\"";
  const std::string action = GENERATE("restart", "stop");
  CHECK(lines_of(with_limits("max_memory_mb = 1\naction = \"" + action + "\"", foreign).faults) ==
        Lines{"p.toml:6: processes[0].limits.action: must be \"log\": somebody else runs this "
              "process"});
  const LoadedConfig loaded = with_limits("max_memory_mb = 1\naction = \"log\"", foreign);
  CHECK(loaded.faults.empty());
  CHECK(loaded.warnings.empty());
}

TEST_CASE("limits without effect give a warning", "[limits]") {
  CHECK(lines_of(with_limits("for = \"1s\"").warnings) ==
        Lines{"p.toml:4: processes[0].limits: limit nothing: neither max_memory_mb nor "
              "max_cpu_percent is given"});
  CHECK(
      lines_of(
          with_limits("max_memory_mb = 1\n[metrics.process_metrics]\nenabled = false").warnings) ==
      Lines{"p.toml: [processes.limits] require collection, which is disabled"});
}

TEST_CASE("other limits do not make another process", "[limits]") {
  ProcessConfig before;
  before.argv = {"program"};
  ProcessConfig after = before;
  after.limits.max_memory_mb = 1;
  CHECK(runs_same_program(before, after));
  CHECK_FALSE(before == after);
}
