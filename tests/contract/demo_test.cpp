#include "contract/running_daemon.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace provisr::test {
namespace {

/// Returns config/process_metrics_demo.toml with the programs of this build.
[[nodiscard]] std::string demo_configuration() {
  std::string text = read_text(source_path() + "/config/process_metrics_demo.toml");
  constexpr std::string_view program = "= \"build/release/examples/demo_load ";
  std::size_t replaced = 0;
  for (auto at = text.find(program); at != std::string::npos; at = text.find(program, at)) {
    text.replace(at, program.size(), "= \"'" + demo_load_path() + "' ");
    ++replaced;
  }
  REQUIRE(replaced >= 2);
  return text;
}

[[nodiscard]] std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("The demo configuration runs, and every endpoint answers") {
  const RunningDaemon demo(demo_configuration());
  CHECK(eventually([&] { return count(demo.api("/api/metrics"), "\"cpu_percent\"") == 4; }));
  CHECK(eventually([&] {
    return count(demo.api("/api/metrics/group?base=my-app"), "\"process_count\":3,") == 1;
  }));
  CHECK(eventually([&] {
    return count(demo.api("/api/metrics/history?name=my-grower"), "\"memory_rss\"") >= 3;
  }));
  CHECK(eventually([&] { return count(demo.api("/api/status"), "\"state\":\"running\"") == 4; }));
  CHECK(count(demo.api("/"), "/api/metrics/history") == 1);
  const std::string metrics = demo.metrics();
  for (const char* family : {"cpu_percent", "memory_mb", "num_threads"}) {
    CHECK(count(metrics, std::string("\nprovisr_process_") + family + "{name=\"my-") == 4);
  }
  CHECK(count(metrics, "\nprovisr_process_up{name=\"my-app-3\"} 1\n") == 1);
}

}  // namespace provisr::test
