// Checks docs/http.md against the routes of the daemon.
#include "daemon/api/api.hpp"
#include "daemon/api/control.hpp"
#include "daemon/api/event_hub.hpp"
#include "daemon/api/events.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/health.hpp"
#include "daemon/api/page.hpp"
#include "daemon/api/reload.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/supervisor/process_status.hpp"
#include "support/log_capture.hpp"
#include "support/paths.hpp"
#include "support/scrape.hpp"
#include "support/text_file.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using provisr::test::source_path;

namespace {

/// Returns a route and its parameters: "GET /api/metrics name".
[[nodiscard]] std::string row_of(const Route& route) {
  std::string row = route.method + " " + route.path;
  for (const RouteParameter& parameter : route.parameters) row += " " + parameter.name;
  return row;
}

/// Returns the rows `| METHOD | PATH | parameters |` of the document's tables, without backquotes.
[[nodiscard]] std::set<std::string> rows_of_document() {
  std::ifstream file(source_path() + "/docs/http.md");
  REQUIRE(file.is_open());
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `GET /") && !line.starts_with("| `POST /")) continue;
    std::string row;
    const std::size_t end = line.find('|', line.find('|', 1) + 1);
    for (const char c : line.substr(2, end - 2)) {
      if (c != '`' && c != '|' && c != ',' && !(c == ' ' && row.ends_with(' '))) row += c;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    rows.insert(row);
  }
  return rows;
}

/// The routes of both endpoints of the daemon in one router.
struct Endpoints {
  Endpoints() {
    api.add_routes(router, "/api");
    add_reload_route(router, "/api", [](const ReloadReply&) {});
    control.add_routes(router, "/api");
    add_events_route(router, "/api", hub);
    exposition.add_routes(router);
    add_health_route(router, nullptr);
    add_page_routes(router, "/api");
  }

  Registry registry;
  test::LogCapture log;
  TickWatch ticks{std::chrono::seconds(1), log.log()};
  HttpMonitor monitor;
  ExitLog exits;
  Sources sources{.registry = registry,
                  .ticks = ticks,
                  .log = log.log(),
                  .api_server = monitor,
                  .metrics_server = monitor,
                  .is_collecting = false,
                  .status = [] { return std::make_shared<const StatusList>(); },
                  .exits = exits};
  Api api{sources};
  Exposition exposition{sources};
  EventHub hub;
  Control control{[](const Command&, const ReplyHandler&) {}};
  Router router;
};

[[nodiscard]] std::string document() {
  return test::read_text(source_path() + "/docs/http.md");
}

}  // namespace

TEST_CASE("docs/http.md lists the routes that there are, with their parameters") {
  const Endpoints endpoints;
  std::set<std::string> rows{"GET /"};
  for (const Route& route : endpoints.router.routes()) {
    rows.insert(route.is_listed ? row_of(route) : "GET /web/...");
  }
  CHECK(rows_of_document() == rows);
}

TEST_CASE("docs/http.md lists the daemon's own families, with their types") {
  const Endpoints endpoints;
  std::set<std::string> exposed;
  std::istringstream lines(test::scrape(endpoints.router));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, type_word, family, type;
    words >> hash >> type_word >> family >> type;
    if (type_word == "TYPE") exposed.insert("\n| `" + family + "` | " + type + " |");
  }
  CHECK(exposed.size() >= 9);
  for (const std::string& row : exposed) {
    INFO(row);
    CHECK(document().find(row) != std::string::npos);
  }
}

TEST_CASE("breaches of limits are exposed by name and limit, from 0 on") {
  Endpoints endpoints;
  Sources sources = endpoints.sources;
  sources.limits = [] {
    LimitReport report;
    report.counts = std::make_shared<const LimitReport::Counts>(
        LimitReport::Counts{{.name = "app", .figure = LimitFigure::memory, .count = 3},
                            {.name = "app", .figure = LimitFigure::cpu, .count = 0}});
    return report;
  };
  Exposition exposition(sources);
  Router router;
  exposition.add_routes(router);
  const std::string text = test::scrape(router);
  const std::string family = "provisr_process_limit_breaches_total";
  CHECK(text.find(family + "{name=\"app\",limit=\"memory\"} 3\n") != std::string::npos);
  CHECK(text.find(family + "{name=\"app\",limit=\"cpu\"} 0\n") != std::string::npos);
}

TEST_CASE("docs/http.md explains every reason for which a connection is dropped") {
  for (std::size_t number = 0; number < drop_reason_count; ++number) {
    const std::string reason(to_text(static_cast<DropReason>(number)));
    INFO(reason);
    CHECK(document().find("| `" + reason + "` |") != std::string::npos);
  }
}

TEST_CASE("docs/http.md explains every state") {
  const std::string text = document();
  for (int number = 0; to_text(static_cast<ProcessState>(number)) != "unknown"; ++number) {
    const std::string state(to_text(static_cast<ProcessState>(number)));
    INFO(state);
    CHECK(text.find("| `" + state + "` |") != std::string::npos);
  }
}
