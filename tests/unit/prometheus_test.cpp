#include "support/fake_registry.hpp"

#include <provisr/prometheus.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <string>
#include <string_view>

using namespace provisr;
using provisr::test::FakeMachine;

namespace {

/// The sample of the documentation's example.
ProcessMetrics example() {
  ProcessMetrics metrics;
  metrics.pid = 4711;
  metrics.cpu_percent = 15.5;
  metrics.memory_rss_bytes = 134'742'016U;
  metrics.num_threads = 4U;
  metrics.num_fds = 15U;
  metrics.num_processes = 3U;
  metrics.memory_vms_bytes = 1'073'741'824U;
  metrics.memory_swap_bytes = 0U;
  metrics.cpu_time_ns = 12'345'678'901U;
  return metrics;
}

void add(FakeMachine& machine, std::string_view name, const ProcessMetrics& metrics) {
  REQUIRE_FALSE(machine.registry.declare(name));
  REQUIRE_FALSE(machine.registry.record(name, metrics));
}

std::string text_of(const FakeMachine& machine) {
  std::string text;
  write_prometheus(machine.registry.snapshot(), text);
  return text;
}

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("the families are written letter for letter", "[prometheus]") {
  FakeMachine machine;
  add(machine, "my-app", example());
  machine.tick_after();
  CHECK(text_of(machine) ==
        "# HELP provisr_process_cpu_percent CPU usage percentage for managed processes.\n"
        "# TYPE provisr_process_cpu_percent gauge\n"
        "provisr_process_cpu_percent{name=\"my-app\"} 15.5\n"
        "# HELP provisr_process_memory_mb Memory usage in MB for managed processes.\n"
        "# TYPE provisr_process_memory_mb gauge\n"
        "provisr_process_memory_mb{name=\"my-app\"} 128.5\n"
        "# HELP provisr_process_num_threads Number of threads for managed processes.\n"
        "# TYPE provisr_process_num_threads gauge\n"
        "provisr_process_num_threads{name=\"my-app\"} 4\n"
        "# HELP provisr_process_num_fds Number of file descriptors for managed processes.\n"
        "# TYPE provisr_process_num_fds gauge\n"
        "provisr_process_num_fds{name=\"my-app\"} 15\n"
        "# HELP provisr_process_num_processes Number of processes in the tree.\n"
        "# TYPE provisr_process_num_processes gauge\n"
        "provisr_process_num_processes{name=\"my-app\"} 3\n"
        "# HELP provisr_process_resident_memory_bytes Resident memory.\n"
        "# TYPE provisr_process_resident_memory_bytes gauge\n"
        "provisr_process_resident_memory_bytes{name=\"my-app\"} 134742016\n"
        "# HELP provisr_process_virtual_memory_bytes Virtual memory size.\n"
        "# TYPE provisr_process_virtual_memory_bytes gauge\n"
        "provisr_process_virtual_memory_bytes{name=\"my-app\"} 1073741824\n"
        "# HELP provisr_process_swap_bytes Memory swapped out.\n"
        "# TYPE provisr_process_swap_bytes gauge\n"
        "provisr_process_swap_bytes{name=\"my-app\"} 0\n"
        "# HELP provisr_process_cpu_seconds_total CPU time used since the process started.\n"
        "# TYPE provisr_process_cpu_seconds_total counter\n"
        "provisr_process_cpu_seconds_total{name=\"my-app\"} 12.345678901\n"
        "# HELP provisr_process_up Whether the managed process runs (1) or not (0).\n"
        "# TYPE provisr_process_up gauge\n"
        "provisr_process_up{name=\"my-app\"} 1\n"
        "# HELP provisr_process_info 1, with the base of the managed process.\n"
        "# TYPE provisr_process_info gauge\n"
        "provisr_process_info{name=\"my-app\",base=\"my-app\"} 1\n");
}

TEST_CASE("in OpenMetrics only the counters are named otherwise", "[prometheus]") {
  FakeMachine machine;
  add(machine, "my-app-7", example());
  machine.tick_after();
  std::string expected = text_of(machine);
  const std::string with_total = " provisr_process_cpu_seconds_total ";
  for (int line = 0; line < 2; ++line) {
    expected.replace(expected.find(with_total), with_total.size(), " provisr_process_cpu_seconds ");
  }
  std::string text;
  PrometheusWriter writer(text, ExpositionFormat::openmetrics);
  write_process_families(writer, machine.registry.snapshot());
  writer.end();
  CHECK(text == expected + "# EOF\n");
  CHECK(has_line(text, "provisr_process_info{name=\"my-app-7\",base=\"my-app\"} 1"));
}

TEST_CASE("an empty registry has families without samples", "[prometheus]") {
  const FakeMachine machine;
  const std::string text = text_of(machine);
  CHECK(has_line(text, "# TYPE provisr_process_cpu_percent gauge"));
  CHECK(has_line(text, "# TYPE provisr_process_up gauge"));
  CHECK(text.find("name=") == std::string::npos);
}

TEST_CASE("a figure that is unknown has no sample", "[prometheus]") {
  FakeMachine machine;
  ProcessMetrics metrics = example();
  metrics.cpu_percent = {};
  metrics.num_fds = {};
  add(machine, "my-app", metrics);
  machine.tick_after();
  const std::string text = text_of(machine);
  CHECK(text.find("provisr_process_cpu_percent{") == std::string::npos);
  CHECK(text.find("provisr_process_num_fds{") == std::string::npos);
  CHECK(has_line(text, "provisr_process_num_threads{name=\"my-app\"} 4"));
  CHECK(has_line(text, "provisr_process_up{name=\"my-app\"} 1"));
}

TEST_CASE("a known 0 is written", "[prometheus]") {
  FakeMachine machine;
  ProcessMetrics metrics = example();
  metrics.cpu_percent = 0.0;
  metrics.num_fds = 0U;
  add(machine, "my-app", metrics);
  machine.tick_after();
  CHECK(has_line(text_of(machine), "provisr_process_cpu_percent{name=\"my-app\"} 0"));
  CHECK(has_line(text_of(machine), "provisr_process_num_fds{name=\"my-app\"} 0"));
}

TEST_CASE("a counter is never negative", "[prometheus]") {
  FakeMachine machine;
  ProcessMetrics metrics = example();
  metrics.cpu_time_ns = std::uint64_t{1} << 63U;
  add(machine, "my-app", metrics);
  machine.tick_after();
  CHECK(has_line(text_of(machine),
                 "provisr_process_cpu_seconds_total{name=\"my-app\"} 9223372036.854775807"));
}

TEST_CASE("a process that has stopped leaves all families but up", "[prometheus]") {
  FakeMachine machine;
  machine.system.start(7, test::known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  REQUIRE(text_of(machine).find("provisr_process_memory_mb{name=\"my-app\"} 128\n") !=
          std::string::npos);
  machine.system.end(7);
  machine.tick_after();
  const std::string text = text_of(machine);
  CHECK(has_line(text, "provisr_process_up{name=\"my-app\"} 0"));
  CHECK(has_line(text, "provisr_process_info{name=\"my-app\",base=\"my-app\"} 1"));
  const std::string families = text.substr(0, text.find("# HELP provisr_process_up"));
  CHECK(families.find("name=") == std::string::npos);
}

TEST_CASE("a name that is gone leaves no sample behind", "[prometheus]") {
  FakeMachine machine;
  add(machine, "my-app", example());
  machine.tick_after();
  REQUIRE(machine.registry.untrack("my-app"));
  CHECK(text_of(machine).find("my-app") == std::string::npos);
}

TEST_CASE("samples are in the order of the names", "[prometheus]") {
  FakeMachine machine;
  for (const char* name : {"b", "a", "c"}) add(machine, name, example());
  machine.tick_after();
  const std::string text = text_of(machine);
  CHECK(text.find("provisr_process_num_fds{name=\"a\"} 15\n"
                  "provisr_process_num_fds{name=\"b\"} 15\n"
                  "provisr_process_num_fds{name=\"c\"} 15\n") != std::string::npos);
  CHECK(text == text_of(machine));
}

TEST_CASE("no line holds a PID", "[prometheus]") {
  FakeMachine machine;
  add(machine, "my-app", example());
  machine.tick_after();
  CHECK(text_of(machine).find("4711") == std::string::npos);
}

TEST_CASE("a snapshot is written to the end of the text", "[prometheus]") {
  const FakeMachine machine;
  std::string text = "before\n";
  write_prometheus(machine.registry.snapshot(), text);
  CHECK(text == "before\n" + text_of(machine));
}
