#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"
#include "support/send_signal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <signal.h>
#include <sstream>
#include <string>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

[[nodiscard]] bool has_line(const Daemon& daemon, const std::string& beginning) {
  return ("\n" + daemon.prometheus()).find("\n" + beginning) != std::string::npos;
}

}  // namespace

TEST_CASE("the Prometheus endpoint serves the promised families") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"100ms\"\n[[processes]]\n"
      "name = \"my-app\"\n" +
      child_args({"threader", "4"}));
  REQUIRE(daemon.has_samples_of({"my-app"}));
  const HttpResult result = http_get(daemon.metrics_port(), "/metrics");
  CHECK(result.status == 200);
  CHECK(result.headers.at("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(result.headers.at("Cache-Control") == "no-store");
  CHECK(result.headers.at("Vary") == "Accept, Accept-Encoding");

  std::vector<std::string> lines;
  std::istringstream text(result.body);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  REQUIRE(lines.size() >= 12);
  CHECK(lines[0] ==
        "# HELP provisr_process_cpu_percent CPU usage percentage for managed processes.");
  CHECK(lines[1] == "# TYPE provisr_process_cpu_percent gauge");
  CHECK_THAT(lines[2], StartsWith("provisr_process_cpu_percent{name=\"my-app\"} "));
  CHECK(lines[3] == "# HELP provisr_process_memory_mb Memory usage in MB for managed processes.");
  CHECK(lines[4] == "# TYPE provisr_process_memory_mb gauge");
  CHECK_THAT(lines[5], StartsWith("provisr_process_memory_mb{name=\"my-app\"} "));
  CHECK(lines[6] == "# HELP provisr_process_num_threads Number of threads for managed processes.");
  CHECK(lines[7] == "# TYPE provisr_process_num_threads gauge");
  CHECK_THAT(lines[8], StartsWith("provisr_process_num_threads{name=\"my-app\"} "));
  CHECK(lines[9] ==
        "# HELP provisr_process_num_fds Number of file descriptors for managed processes.");
  CHECK(lines[10] == "# TYPE provisr_process_num_fds gauge");
  CHECK_THAT(lines[11], StartsWith("provisr_process_num_fds{name=\"my-app\"} "));
  CHECK_THAT(result.body, ContainsSubstring("\nprovisr_process_up{name=\"my-app\"} 1\n"));
  CHECK_THAT(result.body,
             ContainsSubstring("\nprovisr_process_restarts_total{name=\"my-app\"} 0\n"));
  CHECK_THAT(result.body, ContainsSubstring("\nprovisr_build_info{version=\""));
  CHECK_THAT(result.body, ContainsSubstring("\n# TYPE provisr_tick_duration_seconds gauge\n"
                                            "provisr_tick_duration_seconds "));
  CHECK_THAT(result.body, ContainsSubstring("\n# TYPE provisr_ticks_late_total counter\n"
                                            "provisr_ticks_late_total "));

  CHECK(http_get(daemon.metrics_port(), "/api/metrics").status == 404);
  CHECK(http_send(daemon.metrics_port(), "POST", "/metrics").status == 405);
}

TEST_CASE("a process that has stopped leaves its families and stays as down") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"100ms\"\n[[processes]]\n"
      "name = \"my-app\"\n" +
      child_args({"threader", "1"}));
  REQUIRE(daemon.has_samples_of({"my-app"}));
  REQUIRE(has_line(daemon, "provisr_process_up{name=\"my-app\"} 1\n"));
  send_signal(daemon.pid_of("my-app"), SIGKILL);
  CHECK(eventually([&] { return has_line(daemon, "provisr_process_up{name=\"my-app\"} 0\n"); }));
  for (const char* family : {"cpu_percent", "memory_mb", "num_threads", "num_fds"}) {
    CHECK_FALSE(has_line(daemon, fmt::format("provisr_process_{}{{", family)));
    CHECK(has_line(daemon, fmt::format("# TYPE provisr_process_{} gauge\n", family)));
  }
}

TEST_CASE("whether processes run, restart and end is told, whatever is enabled") {
  const bool has_metrics = GENERATE(true, false);
  const bool is_collecting = GENERATE(true, false);
  CAPTURE(has_metrics, is_collecting);
  const TempDirectory elsewhere;
  Daemon daemon(
      fmt::format("[metrics]\nenabled = {}\n[metrics.process_metrics]\nenabled = {}\n"
                  "interval = \"100ms\"\n{}[[processes]]\nname = \"absent\"\n"
                  "pid_file = \"{}/no.pid\"\n",
                  has_metrics, is_collecting,
                  process_toml("my-app-1", {"threader", "1"},
                               "auto_restart = true\nrestart_interval = \"100ms\"\n"),
                  elsewhere.path().string()));
  const pid_t first = daemon.pid_of("my-app-1");
  CHECK(daemon.get("/healthz").status == 200);
  CHECK(daemon.get("/api/metrics").status == (is_collecting ? 200 : 503));
  const auto restarted = [&] { return daemon.status_of("my-app-1")["restarts"].GetInt() == 1; };
  if (!has_metrics) {
    CHECK(http_get(daemon.metrics_port(), "/metrics").status == 0);
    send_signal(first, SIGKILL);
    CHECK(eventually(restarted));
    return;
  }
  CHECK(eventually([&] { return has_line(daemon, "provisr_process_up{name=\"my-app-1\"} 1\n"); }));
  CHECK(has_line(daemon, "provisr_process_up{name=\"absent\"} 0\n"));
  CHECK(has_line(daemon, "provisr_process_info{name=\"my-app-1\",base=\"my-app\"} 1\n"));
  CHECK(has_line(daemon, "provisr_process_info{name=\"absent\",base=\"absent\"} 1\n"));
  CHECK(has_line(daemon, "provisr_process_restarts_total{name=\"my-app-1\"} 0\n"));
  CHECK(has_line(daemon, "provisr_process_start_time_seconds{name=\"my-app-1\"} "));
  CHECK(eventually([&] {
    return has_line(daemon, "provisr_process_memory_mb{name=\"my-app-1\"} ") == is_collecting;
  }));
  send_signal(first, SIGKILL);
  CHECK(eventually(restarted));
  const auto shows = [&](const std::string& line) {
    return eventually([&] { return has_line(daemon, line); });
  };
  CHECK(shows("provisr_process_restarts_total{name=\"my-app-1\"} 1\n"));
  CHECK(shows("provisr_process_exits_total{name=\"my-app-1\",result=\"signal\"} 1\n"));
  CHECK(shows("provisr_process_up{name=\"my-app-1\"} 1\n"));
}

TEST_CASE("without collection, too, a process that has ended is shown as down") {
  const Daemon daemon("[metrics.process_metrics]\nenabled = false\n" +
                      process_toml("my-app", {"threader", "1"}));
  const pid_t pid = daemon.pid_of("my-app");
  CHECK(eventually([&] { return has_line(daemon, "provisr_process_up{name=\"my-app\"} 1\n"); }));
  send_signal(pid, SIGKILL);
  CHECK(eventually([&] { return has_line(daemon, "provisr_process_up{name=\"my-app\"} 0\n"); }));
  CHECK(has_line(daemon, "provisr_process_info{name=\"my-app\",base=\"my-app\"} 1\n"));
}

TEST_CASE("requests are counted by server and status code") {
  const Daemon daemon("");
  static_cast<void>(daemon.get("/nothing"));
  static_cast<void>(daemon.get("/nothing"));
  RawClient bad(daemon.metrics_port());
  bad.send("GET / HTTP/1.1\r\n\r\n");
  static_cast<void>(bad.read_answer());
  const auto counts = [&](std::string_view labels, int least) {
    const std::string line = fmt::format("\nprovisr_http_requests_total{{{}}} ", labels);
    const std::string text = daemon.prometheus();
    const std::size_t at = text.find(line);
    return at != std::string::npos && std::stoi(text.substr(at + line.size())) >= least;
  };
  CHECK(eventually([&] { return counts("server=\"api\",code=\"404\"", 2); }));
  CHECK(eventually([&] { return counts("server=\"api\",code=\"200\"", 1); }));
  CHECK(eventually([&] { return counts("server=\"metrics\",code=\"400\"", 1); }));
  CHECK(eventually([&] { return counts("server=\"metrics\",code=\"200\"", 1); }));
  CHECK_FALSE(has_line(daemon, "provisr_http_requests_total{server=\"api\",code=\"400\"}"));
}

TEST_CASE("what the daemon may lose is exposed before it loses any") {
  const Daemon daemon("");
  CHECK(has_line(daemon, "provisr_log_records_dropped_total 0\n"));
  CHECK(has_line(daemon, "provisr_http_connections{server=\"metrics\"} "));
  for (const char* server : {"api", "metrics"}) {
    for (const char* reason :
         {"request_timeout", "answer_timeout", "idle_timeout", "max_connections", "no_descriptors",
          "accept_error", "internal_error"}) {
      CHECK(has_line(daemon, fmt::format("provisr_http_connections_dropped_total{{server=\"{}\","
                                         "reason=\"{}\"}} 0\n",
                                         server, reason)));
    }
  }
}

TEST_CASE("connections that are dropped for want of descriptors are counted") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors for checks of its own");
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "");
  const int port = free_port();
  Program program(
      {"sh", "-c", "ulimit -n 20; exec \"$@\"", "sh", provisrd_path(), file.string(), "--listen",
       "127.0.0.1:0", "--metrics-listen", fmt::format("127.0.0.1:{}", port)},
      folder.path());
  REQUIRE(eventually([&] { return http_get(port, "/").status == 200; }));
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(port);
  const std::string none =
      "provisr_http_connections_dropped_total{server=\"metrics\",reason=\"no_descriptors\"} 0\n";
  const std::string some = none.substr(0, none.size() - 2);
  CHECK(eventually([&] {
    const std::string text = http_get(port, "/metrics").body;
    return text.find(some) != std::string::npos && text.find(none) == std::string::npos;
  }));
}

TEST_CASE("log records that cannot be written are counted") {
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "");
  const int port = free_port();
  Program program(
      {"sh", "-c", "exec 2>/dev/full; exec \"$@\"", "sh", provisrd_path(), file.string(),
       "--listen", "127.0.0.1:0", "--metrics-listen", fmt::format("127.0.0.1:{}", port)},
      folder.path());
  const std::string none = "\nprovisr_log_records_dropped_total 0\n";
  CHECK(eventually([&] {
    const std::string text = http_get(port, "/metrics").body;
    return text.find(none.substr(0, none.size() - 2)) != std::string::npos &&
           text.find(none) == std::string::npos;
  }));
}

TEST_CASE("the Prometheus endpoint speaks OpenMetrics to who prefers it") {
  const Daemon daemon("[[processes]]\nname = \"my-app-1\"\n" + child_args({"threader", "1"}));
  REQUIRE(daemon.has_samples_of({"my-app-1"}));
  const Headers accept{{"Accept", "application/openmetrics-text;version=1.0.0;escaping=dots"}};
  const HttpResult result = http_send(daemon.metrics_port(), "GET", "/metrics", accept);
  CHECK(result.status == 200);
  CHECK(result.headers.at("Content-Type") ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots");
  CHECK(result.body.ends_with("\n# EOF\n"));
  CHECK_THAT(result.body, ContainsSubstring("\n# TYPE provisr_process_restarts counter\n"
                                            "provisr_process_restarts_total{name="));
  CHECK_THAT(result.body,
             ContainsSubstring("\nprovisr_process_info{name=\"my-app-1\",base=\"my-app\"} 1\n"));
  const HttpResult head = http_send(daemon.metrics_port(), "HEAD", "/metrics", accept);
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.headers.at("Content-Type") == result.headers.at("Content-Type"));
  CHECK(std::stoul(head.headers.at("Content-Length")) > 1000);
}

TEST_CASE("a scrape varies by both fields it is chosen by, and says so once") {
  const Daemon daemon("");
  for (int i = 0; i < 3; ++i) {  // a text made for this scrape, and one made for an earlier scrape
    RawClient client(daemon.metrics_port());
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = client.read_answer();
    const std::size_t vary = answer.find("\r\nVary: Accept, Accept-Encoding\r\n");
    REQUIRE(vary != std::string::npos);
    CHECK(answer.find("\r\nVary: ") == vary);
    CHECK(answer.find("\r\nVary: ", vary + 1) == std::string::npos);
  }
}

TEST_CASE("every process has its counters from the beginning, and provisrd its own figures") {
  const Daemon daemon("[[processes]]\nname = \"my-app\"\n" + child_args({"threader", "1"}));
  REQUIRE(daemon.has_samples_of({"my-app"}));
  const std::string text = daemon.prometheus();
  for (const char* result : {"success", "exit-code", "signal"}) {
    CHECK_THAT(text,
               ContainsSubstring(fmt::format(
                   "\nprovisr_process_exits_total{{name=\"my-app\",result=\"{}\"}} 0\n", result)));
  }
  for (const char* family :
       {"provisr_process_cpu_seconds_total", "provisr_process_resident_memory_bytes",
        "provisr_process_virtual_memory_bytes", "provisr_process_swap_bytes",
        "provisr_process_start_time_seconds"}) {
    CHECK_THAT(text, ContainsSubstring(fmt::format("\n{}{{name=\"my-app\"}} ", family)));
  }
  for (const char* family : {"cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes",
                             "virtual_memory_max_bytes", "resident_memory_bytes", "heap_bytes",
                             "start_time_seconds", "threads"}) {
    CHECK_THAT(text, ContainsSubstring(fmt::format("\nprocess_{} ", family)));
  }
  CHECK_THAT(text, !ContainsSubstring("_created"));
}

TEST_CASE("a counter moves between ticks") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"1h\"\n[[processes]]\nname = \"my-app\"\n" +
      child_args({"spinner", "100"}));
  REQUIRE(daemon.has_samples_of({"my-app"}));  // after the first tick; the second is in an hour
  const auto cpu_seconds = [&] {
    const std::string line = "\nprovisr_process_cpu_seconds_total{name=\"my-app\"} ";
    const std::string text = daemon.prometheus();
    return std::stod(text.substr(text.find(line) + line.size()));
  };
  const double first = cpu_seconds();
  CHECK(eventually([&] { return cpu_seconds() > first + 0.1; }));
}

TEST_CASE("a process that was restarted between two ticks has counters of its own") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"1h\"\n[[processes]]\nname = \"my-app\"\n"
      "auto_restart = true\nrestart_interval = \"100ms\"\n" +
      child_args({"spinner", "100"}));
  REQUIRE(daemon.has_samples_of({"my-app"}));  // after the first tick; the second is in an hour
  const auto value = [&](const std::string& family) {
    const std::string line = "\nprovisr_process_" + family + "{name=\"my-app\"} ";
    const std::string text = daemon.prometheus();
    const auto found = text.find(line);
    return found == std::string::npos ? -1 : std::stod(text.substr(found + line.size()));
  };
  REQUIRE(eventually([&] { return value("cpu_seconds_total") > 2; }));
  const pid_t first = daemon.pid_of("my-app");
  send_signal(first, SIGKILL);
  REQUIRE(eventually([&] { return value("restarts_total") == 1; }));
  CHECK(eventually([&] { return value("cpu_seconds_total") < 2; }));
  CHECK(value("up") == 1);
}
