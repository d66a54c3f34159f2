#include "daemon/api/exposition.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/supervisor/process_status.hpp"
#include "support/log_capture.hpp"
#include "support/scrape.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;

namespace {

/// Returns the objections of `promtool check metrics` to a text; empty if there are none.
std::string objections_to(const std::string& metrics) {
  const test::TempDirectory directory;
  const std::string text = (directory.path() / "metrics").string();
  const std::string said = (directory.path() / "said").string();
  test::write_text(text, metrics);
  const std::string command = "promtool check metrics < " + text + " > " + said + " 2>&1";
  const int status = std::system(command.c_str());
  const std::string objections = test::read_text(said);
  return status != 0 && objections.empty() ? "failed without a word" : objections;
}

/// Returns the text of `/metrics` after some answers and drops.
std::string exposition_of(const Registry& registry) {
  const test::LogCapture log;
  const TickWatch ticks(std::chrono::seconds(1), log.log());
  HttpMonitor monitor;
  monitor.count_answer(200);
  monitor.count_answer(404);
  monitor.count_drop(DropReason::max_connections);
  ExitLog exits;
  exits.add({.name = "self", .status = ExitStatus{.signal = 9}});
  ProcessStatus status;
  status.name = "self";
  const auto processes =
      std::make_shared<const StatusList>(StatusList{std::make_shared<const ProcessStatus>(status)});
  Exposition exposition({.registry = registry,
                         .ticks = ticks,
                         .log = log.log(),
                         .api_server = monitor,
                         .metrics_server = monitor,
                         .is_collecting = true,
                         .status = [&] { return processes; },
                         .exits = exits});
  Router router;
  exposition.add_routes(router);
  return test::scrape(router);
}

// Accepted, because dashboards use this name.
constexpr std::string_view known_objection =
    "provisr_process_memory_mb metric names should not contain abbreviated units\n";

}  // namespace

TEST_CASE("promtool has nothing against the metrics", "[prometheus]") {
  if (std::system("command -v promtool > /dev/null") != 0) {
    SKIP("promtool is not installed (Debian: apt-get install prometheus)");
  }
  Registry registry;
  REQUIRE_FALSE(registry.track("self", ::getpid()));
  REQUIRE_FALSE(registry.track("self-1", ::getpid()));
  REQUIRE_FALSE(registry.declare("idle"));
  registry.tick();
  const std::string text = exposition_of(registry);
  CAPTURE(text);
  const std::string objections = objections_to(text);
  CHECK((objections.empty() || objections == known_objection));
  CHECK(objections_to(text + "provisr_process_up{name=\"self\" 1\n").find("error while linting") !=
        std::string::npos);
}
