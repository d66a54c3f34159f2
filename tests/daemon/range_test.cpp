#include "support/daemon_runner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <sstream>
#include <string>
#include <vector>

using namespace provisr::test;

namespace {

const std::vector<std::string> ranges{"bytes=0-0",
                                      "bytes=0-8000",
                                      "bytes=0-300000",
                                      "bytes=64000-128000",
                                      "bytes=1-",
                                      "bytes=-1",
                                      "bytes=-300000",
                                      "bytes=0-1,64000-128000",
                                      "bytes=9-1",
                                      "bytes=0-64000,x",
                                      "bytes=18446744073709551615-18446744073709551616",
                                      "bytes=",
                                      "lines=0-64000",
                                      ""};

/// Returns the part of an answer that does not change between answers: leaves out the values of the
/// exposition and the counts of answers.
[[nodiscard]] std::string shape_of(const std::string& body) {
  std::istringstream text(body);
  std::string shape;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("provisr_http_requests_total{")) continue;
    const bool is_sample = line.starts_with("provisr_") || line.starts_with("process_");
    shape += is_sample ? line.substr(0, line.rfind(' ')) : line;
    shape += '\n';
  }
  return shape;
}

/// Checks that a request with a range is answered like one without, or refused with status 416.
void check_ranges(int port, const std::string& method, const std::string& path) {
  const HttpResult whole = http_send(port, method, path);
  REQUIRE(whole.status != 0);
  for (const std::string& range : ranges) {
    const HttpResult result = http_send(port, method, path, {{"Range", range}});
    INFO(method << " " << path << " Range: " << range << " -> " << result.body.size() << " bytes");
    CHECK(result.headers.count("Content-Range") == 0);
    if (result.status == whole.status) {
      CHECK(shape_of(result.body) == shape_of(whole.body));
    } else {
      CHECK(result.status == 416);
      CHECK(result.body.starts_with("{\"error\":"));
      CHECK(result.body.size() < 100);
    }
  }
}

}  // namespace

TEST_CASE("a Range reads nothing but the answer, on both listeners and whatever the answer") {
  const Daemon daemon(
      fmt::format("[[processes]]\nname = \"app\"\n{}", child_args({"exiter", "0"})));
  REQUIRE(eventually([&] { return daemon.state_of("app") == "exited"; }));
  for (const std::string path :
       {"/", "/api/status", "/api/metrics", "/nothing", "/api/metrics/group"}) {
    check_ranges(daemon.api_port(), "GET", path);
    check_ranges(daemon.api_port(), "POST", path);
  }
  for (const std::string path : {"/", "/metrics", "/nothing"}) {
    check_ranges(daemon.metrics_port(), "GET", path);
    check_ranges(daemon.metrics_port(), "POST", path);
  }
}
