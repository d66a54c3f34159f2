#include "daemon/config/load.hpp"

#include <provisr/figures.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace provisr;
using namespace provisr::daemon;

namespace {

[[nodiscard]] LoadedConfig collecting(const std::string& value) {
  return parse_config("[metrics.process_metrics]\ncollect = " + value +
                          "\n[[processes]]\nname = \"a\"\ncommand = \"sleep 1\"\n",
                      "c.toml");
}

}  // namespace

TEST_CASE("collect asks for further figures by words", "[config][collect]") {
  CHECK(collecting("[]").config.metrics.collection.further_figures.empty());
  const LoadedConfig loaded = collecting(R"(["io", "limits", "io"])");
  CHECK(loaded.faults.empty());
  CHECK(loaded.config.metrics.collection.further_figures ==
        (further_group<figures>("io") | further_group<figures>("limits")));
}

TEST_CASE("an unknown word of collect is a fault with the nearest one", "[config][collect]") {
  const LoadedConfig loaded = collecting(R"(["peek", "io", ""])");
  REQUIRE(loaded.faults.size() == 2);
  CHECK(loaded.faults[0].to_string() ==
        "c.toml:2: metrics.process_metrics.collect[0]: must be of io, faults, switches, peak, pss, "
        "limits, not \"peek\"; did you mean \"peak\"?");
  CHECK(collecting(R"("io")").faults.size() == 1);
}

TEST_CASE("a wrong type in collect does not hide wrong words", "[config][collect]") {
  const LoadedConfig loaded = collecting(R"(["ios", 5, "peek"])");
  REQUIRE(loaded.faults.size() == 3);
  CHECK(loaded.faults[1].key == "metrics.process_metrics.collect[1]");
  CHECK(loaded.faults[2].key == "metrics.process_metrics.collect[2]");
}
