#include "daemon/api/rendered_text.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using provisr::Registry;
using provisr::Snapshot;
using provisr::daemon::RenderedText;

TEST_CASE("a text is made once a snapshot, or again once it is too old") {
  int made = 0;
  const auto render = [&](const Snapshot&, std::string& text) { text = std::to_string(++made); };
  Registry registry;
  const RenderedText::TimePoint start{1h};

  SECTION("however old it is") {
    RenderedText text(render);
    CHECK(*text.of(registry.snapshot(), start) == "1");
    CHECK(*text.of(registry.snapshot(), start + 24h) == "1");
    registry.tick();
    CHECK(*text.of(registry.snapshot(), start + 24h) == "2");
  }
  SECTION("unless there is a bound") {
    RenderedText text(render, 100ms);
    CHECK(*text.of(registry.snapshot(), start) == "1");
    CHECK(*text.of(registry.snapshot(), start + 100ms) == "1");
    CHECK(*text.of(registry.snapshot(), start + 101ms) == "2");
    registry.tick();
    CHECK(*text.of(registry.snapshot(), start + 102ms) == "3");
    CHECK(*text.of(registry.snapshot(), start + 150ms) == "3");
  }
}
