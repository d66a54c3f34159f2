#include "daemon/config/load.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using namespace provisr;
using namespace provisr::daemon;

namespace {

LoadedConfig with(std::string_view line) {
  return parse_config("[[processes]]\nname = \"a\"\ncommand = \"b\"\n" + std::string(line) + "\n",
                      "p.toml");
}

}  // namespace

TEST_CASE("a process is sampled with its tree unless it is to be alone", "[config]") {
  CHECK(with("").config.processes.at(0).scope == SampleScope::tree);
  CHECK(with("scope = \"tree\"").config.processes.at(0).scope == SampleScope::tree);
  CHECK(with("scope = \"process\"").config.processes.at(0).scope == SampleScope::process);
}

TEST_CASE("another scope is a fault", "[config]") {
  const LoadedConfig loaded = with("scope = \"group\"");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].to_string().find("must be \"tree\" or \"process\", is \"group\"") !=
        std::string::npos);
}

TEST_CASE("another scope does not start a process anew", "[config]") {
  ProcessConfig tree = with("").config.processes.at(0);
  ProcessConfig alone = tree;
  alone.scope = SampleScope::process;
  CHECK(runs_same_program(tree, alone));
  CHECK_FALSE(tree == alone);
}
