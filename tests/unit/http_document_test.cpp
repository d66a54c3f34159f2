// docs/http.md against the routes that the daemon really has.
#include "daemon/api/api.hpp"
#include "daemon/api/exposition.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/http/router.hpp"
#include "daemon/supervisor/process_status.hpp"
#include "support/log_capture.hpp"
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using provisr::test::source_path;

namespace {

/// "GET /api/metrics name"
[[nodiscard]] std::string row_of(const Route& route) {
  std::string row = route.method + " " + route.path;
  for (const RouteParameter& parameter : route.parameters) row += " " + parameter.name;
  return row;
}

/// The rows `| METHOD | PATH | parameters |` of the document's tables, without their backquotes.
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

}  // namespace

TEST_CASE("docs/http.md lists the routes that there are, with their parameters") {
  Registry registry;
  const test::LogCapture log;
  const TickWatch ticks(std::chrono::seconds(1), log.log());
  const Sources sources{.registry = registry, .ticks = ticks, .is_collecting = true, .status = [] {
                          return std::make_shared<const StatusList>();
                        }};
  Api api(sources);
  Exposition exposition(sources);
  Router router;
  api.add_routes(router, "/api");
  exposition.add_routes(router);
  std::set<std::string> rows{"GET /"};
  for (const Route& route : router.routes()) rows.insert(row_of(route));
  CHECK(rows_of_document() == rows);
}

TEST_CASE("docs/http.md explains every state") {
  const std::string text = provisr::test::read_text(source_path() + "/docs/http.md");
  for (int number = 0; to_text(static_cast<ProcessState>(number)) != "unknown"; ++number) {
    const std::string state(to_text(static_cast<ProcessState>(number)));
    INFO(state);
    CHECK(text.find("| `" + state + "` |") != std::string::npos);
  }
}
