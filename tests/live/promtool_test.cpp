#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace provisr;

namespace {

/// What `promtool check metrics` says of a text; empty when it has nothing against it.
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

// The name is what people's dashboards use, so this one objection has to be lived with.
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
  std::string text;
  write_prometheus(registry.snapshot(), text);
  CAPTURE(text);
  const std::string objections = objections_to(text);
  CHECK((objections.empty() || objections == known_objection));
  CHECK(objections_to(text + "provisr_process_up{name=\"self\" 1\n").find("error while linting") !=
        std::string::npos);
}
