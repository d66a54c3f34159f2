// Checks the README. Its library example must equal the code below, which is compiled and run. Its
// measurements must be rows of docs/performance.md, which says how they were made.
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <provisr/provisr.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-result"  // an example may ignore what it reads
// clang-format off
void example(provisr::ProcessId pid, std::string& text) {
// begin
provisr::Registry registry;
if (const std::error_code error = registry.track("my-app-1", pid)) throw std::system_error(error);
provisr::Collector collector(registry, std::chrono::seconds(5));  // or registry.tick() yourself

registry.latest("my-app-1");      // the newest sample, if it runs
registry.group("my-app");         // my-app, my-app-1, my-app-2 ... together
const auto samples = registry.history("my-app-1");  // oldest first; C++20: name it before a loop
provisr::write_prometheus(registry.snapshot(), text);
// end
}
// clang-format on
#pragma GCC diagnostic pop

[[nodiscard]] std::string between(const std::string& text, const std::string& begin,
                                  const std::string& end) {
  const auto from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const auto start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

}  // namespace

TEST_CASE("the README's library example is compiled and run") {
  const std::string root = provisr::test::source_path();
  const std::string shown =
      between(provisr::test::read_text(root + "/README.md"), "```cpp\n", "```");
  const std::string compiled =
      between(provisr::test::read_text(root + "/tests/unit/readme_example_test.cpp"), "// begin\n",
              "// end\n");
  CHECK(shown == compiled);

  std::string text;
  example(::getpid(), text);
  CHECK_THAT(text, Catch::Matchers::ContainsSubstring("provisr_process_up{name=\"my-app-1\"} "));
}

TEST_CASE("the README's measurements are rows of the page that says how they were made") {
  const std::string root = provisr::test::source_path();
  const std::string measured = provisr::test::read_text(root + "/docs/performance.md");
  std::istringstream shown(between(provisr::test::read_text(root + "/README.md"),
                                   "<!-- highlights: begin -->\n", "<!-- highlights: end -->"));
  std::string row;
  std::size_t rows = 0;
  while (std::getline(shown, row)) {
    INFO(row);
    CHECK(measured.find("\n" + row) != std::string::npos);
    ++rows;
  }
  CHECK(rows > 5);
}

TEST_CASE("the rows that docs/design.md names are measured") {
  const std::string root = provisr::test::source_path();
  const std::string measured = provisr::test::read_text(root + "/docs/performance.md");
  const std::string design = provisr::test::read_text(root + "/docs/design.md");
  const std::string reasons =
      between(design, "## Why the clever parts are as they are\n", "The bytes of a history");
  std::size_t rows = 0;
  for (auto at = reasons.find("| *"); at != std::string::npos; at = reasons.find("| *", at + 1)) {
    const std::string row = between(reasons.substr(at), "| *", "* |");
    INFO(row);
    CHECK(measured.find("\n| " + row) != std::string::npos);
    ++rows;
  }
  CHECK(rows > 4);
}
