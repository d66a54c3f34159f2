#include "daemon/cli/client/status_report.hpp"

#include "daemon/api/json.hpp"
#include "daemon/cli/client/json_answer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

[[nodiscard]] std::string fault_in_answer(std::string_view json) {
  try {
    static_cast<void>(parse_status(json));
    return "none";
  } catch (const InvalidAnswer& fault) {
    return fault.what();
  }
}

[[nodiscard]] std::string table_of(std::string_view json) {
  return status_table(parse_status(json));
}

[[nodiscard]] std::string block_of(std::string_view json) {
  return status_block(parse_status(json).at(0), {});
}

[[nodiscard]] std::string nested(int depth) {
  const auto size = static_cast<std::size_t>(depth);
  return R"({"processes": [], "x": )" + std::string(size, '[') + std::string(size, ']') + "}";
}

}  // namespace

TEST_CASE("the table has a line for each process, and columns for what there is") {
  CHECK(table_of(R"({"processes": [
          {"name": "my-app-1", "state": "running", "pid": 4711, "uptime_seconds": 7385.9,
           "restarts": 0},
          {"name": "b", "state": "backoff", "restarts": 12}]})") ==
        "NAME      STATE    PID   UPTIME  RESTARTS\n"
        "my-app-1  running  4711  2h3m    0\n"
        "b         backoff  -     -       12\n");
  CHECK(
      table_of(R"({"processes": [
          {"name": "a", "state": "running", "pid": 1, "uptime_seconds": 1, "restarts": 1,
           "last_exit": {"code": 1, "description": "exit code 1", "at": "2026-11-25T10:00:00Z"}},
          {"name": "b", "state": "failed", "restarts": 0, "last_error": "no such file"}]})") ==
      "NAME  STATE    PID  UPTIME  RESTARTS  LAST EXIT                            LAST ERROR\n"
      "a     running  1    1s      1         exit code 1 at 2026-11-25T10:00:00Z  -\n"
      "b     failed   -    -       0         -                                    no such file\n");
}

TEST_CASE("a block tells all that is known of a process") {
  const std::string json = R"=({"processes": [{"name": "app", "kind": "child", "state": "running",
      "pid": 4711, "started_at": "2026-11-25T10:00:00.000Z", "uptime_seconds": 90000,
      "restarts": 2, "last_exit": {"signal": 9, "description": "signal 9 (Killed)",
      "at": "2026-11-25T09:59:59.000Z"}, "last_error": "it was slow"}]})=";
  const UsageReport usage{
      .cpu_percent = 30.07, .memory_mb = 42.777, .threads = 4, .descriptors = 12};
  CHECK(status_block(parse_status(json).at(0), usage) ==
        "app\n"
        "       State: running since 2026-11-25T10:00:00.000Z, 1d1h\n"
        "         PID: 4711\n"
        "    Restarts: 2\n"
        "   Last exit: signal 9 (Killed) at 2026-11-25T09:59:59.000Z\n"
        "  Last error: it was slow\n"
        "         CPU: 30.1 %\n"
        "      Memory: 42.8 MB\n"
        "     Threads: 4\n"
        " Descriptors: 12\n");
  CHECK(block_of(R"({"processes": [{"name": "nginx", "kind": "pid_file", "state": "absent"}]})") ==
        "nginx\n"
        "       State: absent\n"
        "        Kind: not started by provisrd, found by a PID file\n");
}

TEST_CASE("what the daemon writes is read as it was meant") {
  const auto process = std::make_shared<ProcessStatus>();
  process->name = "app";
  process->state = ProcessState::running;
  process->pid = 12;
  process->started = ProcessStatus::Started{.at = Timestamp{}, .monotonic = MonotonicTime{}};
  process->restarts = 3;
  process->last_exit =
      ProcessStatus::LastExit{.status = {.code = 7, .signal = 0}, .at = Timestamp{}};
  process->last_error = "b\xff";
  LimitReport limits;
  limits.open = std::make_shared<const LimitReport::Breaches>(
      LimitReport::Breaches{{.name = "app", .pid = 12, .value = 612.44, .limit = 512},
                            {.name = "app", .pid = 11, .value = 999, .limit = 512},
                            {.name = "other", .pid = 12, .value = 999, .limit = 512},
                            {.name = "app",
                             .pid = 12,
                             .figure = LimitFigure::cpu,
                             .value = 250,
                             .limit = 200,
                             .action = LimitAction::restart}});
  limits.counts = std::make_shared<const LimitReport::Counts>(
      LimitReport::Counts{{.name = "app", .figure = LimitFigure::memory, .limit = 512},
                          {.name = "other", .figure = LimitFigure::cpu, .limit = 9}});
  const std::string json = status_json({process}, ListeningOn{},
                                       MonotonicTime{} + std::chrono::seconds(5), limits, "token");
  CHECK(json.find(R"("limits":{"max_memory_mb":512.0})") != std::string::npos);
  CHECK(json.find(R"("control":"token")") != std::string::npos);
  CHECK(json.find("next_start_in_seconds") == std::string::npos);
  const ProcessReport report = parse_status(json).at(0);
  CHECK(report.name == "app");
  CHECK(report.kind == "child");
  CHECK(report.is_running());
  CHECK(report.pid == 12U);
  CHECK(report.started_at == "1970-01-01T00:00:00.000Z");
  CHECK(report.uptime == std::chrono::seconds(5));
  CHECK(report.restarts == 3U);
  REQUIRE(report.last_exit);
  CHECK(report.last_exit->description == "exit code 7");
  CHECK(report.last_exit->at == "1970-01-01T00:00:00.000Z");
  CHECK(report.last_error == "b\xef\xbf\xbd");
  CHECK(report.over_limits ==
        "memory 612.4 of 512 MB since 1970-01-01T00:00:00.000Z, cpu 250.0 of 200 % since "
        "1970-01-01T00:00:00.000Z");
  CHECK(status_block(report, {}).find(" Over limits: memory 612.4 of 512 MB") != std::string::npos);
  CHECK(json.find(R"("limits_breached":[{"limit":"memory","value":612.44,"max":512.0,)"
                  R"("since":"1970-01-01T00:00:00.000Z","action":"log"},{"limit":"cpu",)") !=
        std::string::npos);
}

TEST_CASE("a process within its limits shows none") {
  const auto process = std::make_shared<ProcessStatus>();
  process->name = "app";
  const std::string json = status_json({process}, ListeningOn{}, MonotonicTime{});
  CHECK(json.find("limits_breached") == std::string::npos);
}

TEST_CASE("only a process that is running is called so") {
  ProcessReport process;
  process.state = GENERATE("starting", "stopping", "backoff", "stopped", "absent", "");
  CHECK_FALSE(process.is_running());
}

TEST_CASE("members of a wrong type are as absent") {
  const std::string json = R"({"processes": [{"name": "a", "state": 1, "pid": "x", "restarts": -1,
      "started_at": {}, "uptime_seconds": true, "last_exit": [], "last_error": null, "kind": []},
      {"name": "b", "pid": 1.5, "uptime_seconds": -3, "restarts": 1e3, "last_exit": {"at": 1}},
      {"name": "c", "uptime_seconds": 1e300, "pid": -4, "last_exit": {"description": ["x"]}}]})";
  CHECK(table_of(json) ==
        "NAME  STATE  PID  UPTIME  RESTARTS\n"
        "a     -      -    -       -\n"
        "b     -      -    -       -\n"
        "c     -      -    -       -\n");
  CHECK(block_of(json) == "a\n       State: -\n");
}

TEST_CASE("the largest numbers are shown or left out, never wrong") {
  CHECK(table_of(R"({"processes": [{"name": "a", "pid": 18446744073709551615,
                     "restarts": 18446744073709551616}]})") ==
        "NAME  STATE  PID                   UPTIME  RESTARTS\n"
        "a     -      18446744073709551615  -       -\n");
}

TEST_CASE("what is no status is refused in one sentence") {
  using Case = std::pair<std::string, std::string>;
  const auto [json, text] = GENERATE(
      Case{"", "not JSON"}, Case{"<html>", "not JSON"}, Case{"{\"processes\": [}", "not JSON"},
      Case{"{\"processes\": [{\"name\": \"\xff\"}]}", "not JSON"},
      Case{"{\"processes\": [{\"name\": \"\x1b\"}]}", "not JSON"},
      Case{R"({"processes": [{"name": "a", "pid": 1e999}]})", "not JSON"},
      Case{"{\"processes\": []} x", "not JSON"},
      Case{std::string("{\"processes\": []}\0\x1b[2J", 22), "not JSON at byte 17: a NUL byte"},
      Case{"[]", "it lists no processes"}, Case{"null", "it lists no processes"},
      Case{"{}", "it lists no processes"}, Case{R"({"processes": {}})", "it lists no processes"},
      Case{R"({"processes": [1]})", "a process in it has no name"},
      Case{R"({"processes": [{"name": 1}]})", "a process in it has no name"},
      Case{nested(65), "nested too deeply"}, Case{nested(1'000'000), "nested too deeply"},
      Case{std::string(1'000'000, '['), "nested too deeply"});
  CHECK_THAT(fault_in_answer(json), StartsWith("the answer is not of a provisrd"));
  CHECK_THAT(fault_in_answer(json), ContainsSubstring(text));
}

TEST_CASE("brackets in strings are no nesting") {
  const std::string text = "\\\"" + std::string(1'000, '[') + "\\\\";
  CHECK(fault_in_answer(R"({"processes": [], "x": ")" + text + "\"}") == "none");
  CHECK(fault_in_answer(nested(60)) == "none");
}

TEST_CASE("control characters in names, states and errors are escaped") {
  const std::string json = R"({"processes": [{"name": "a\u001b[2J", "state": "x\ny",
      "last_error": "\u009b0m", "started_at": "\u202e", "last_exit": {"description": "\r", "at": "\u0000"}}]})";
  for (const std::string& text : {table_of(json), block_of(json)}) {
    CHECK_THAT(text, ContainsSubstring("a\\x1b[2J"));
    CHECK_THAT(text, ContainsSubstring("x\\ny"));
    CHECK_THAT(text, ContainsSubstring("\\u009b0m"));
    CHECK_THAT(text, ContainsSubstring("\\r at \\x00"));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\xc2\x9b") == std::string::npos);
  }
}

TEST_CASE("a name is that of a process, or else that of a base") {
  const auto processes = parse_status(
      R"({"processes": [{"name": "web"}, {"name": "web-1"}, {"name": "job-1"}, {"name": "job-2"},
          {"name": "job-x"}]})");
  const auto names_of = [&](std::string_view name) {
    std::vector<std::string> names;
    for (const ProcessReport* one : find_processes(processes, name)) names.push_back(one->name);
    return names;
  };
  CHECK(names_of("web") == std::vector<std::string>{"web"});
  CHECK(names_of("job") == std::vector<std::string>{"job-1", "job-2"});
  CHECK(names_of("job-2") == std::vector<std::string>{"job-2"});
  CHECK(names_of("jo").empty());
}

TEST_CASE("JSON of some processes keeps what the daemon said of them") {
  CHECK(filter_status(R"({"processes": [{"name": "a", "new": [1.5, {}]}, {"name": "b"}], "x": 1})",
                      {"a", "c"}) == R"({"processes":[{"name":"a","new":[1.5,{}]}]})");
}

TEST_CASE("usage is best effort") {
  const UsageReport usage =
      parse_usage(R"({"cpu_percent": 1.5, "memory_mb": "x", "num_threads": 3})");
  CHECK(usage.cpu_percent == 1.5);
  CHECK_FALSE(usage.memory_mb);
  CHECK(usage.threads == 3U);
  CHECK_FALSE(parse_usage("garbage").cpu_percent);
}

TEST_CASE("a block tells the peak of the memory and the latest exits") {
  const ProcessReport report =
      parse_status(R"({"processes": [{"name": "app", "state": "running"}]})").at(0);
  const std::vector<ExitReport> exits = parse_exits(
      R"=({"exits": [{"name": "app", "ended_at": "2026-11-25T10:00:00.000Z", "signal": 9,
                      "description": "signal 9 (Killed)", "reason": "itself", "oom_killed": true,
                      "memory_peak": 536870912},
                     {"description": "exit code 0\u001b[2J", "reason": "stop"}, {}]})=");
  UsageReport usage = parse_usage(R"({"memory_mb": 10, "memory_peak": 20971520})");
  usage.memory_highest_mb = 15;
  CHECK(status_block(report, usage, exits) ==
        "app\n"
        "       State: running\n"
        "      Memory: 10.0 MB (peak: 20.0 MB)\n"
        "        Exit: 2026-11-25T10:00:00.000Z: signal 9 (Killed), out of memory, peak 512.0 MB\n"
        "        Exit: -: exit code 0\\x1b[2J, by stop\n"
        "        Exit: -: exit status unknown\n");
  usage.memory_peak_mb.reset();
  CHECK(status_block(report, usage).find("10.0 MB (highest sample kept: 15.0 MB)\n") !=
        std::string::npos);
}

TEST_CASE("the highest memory is that of a summary") {
  CHECK(parse_highest_memory(R"({"figures": {"memory_mb": {"min": 1, "max": 3.5}}})") == 3.5);
  for (const auto* const text : {"", "[]", "{}", R"({"figures": 1})", R"({"figures": {}})"}) {
    CHECK_FALSE(parse_highest_memory(text));
  }
}

TEST_CASE("the sentence of an error is found if there is one") {
  CHECK(error_in(R"({"error": "no"})") == "no");
  CHECK(error_in(R"({"error": 1})").empty());
  CHECK(error_in("502 Bad Gateway").empty());
}
