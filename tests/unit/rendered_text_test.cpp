#include "daemon/api/rendered_text.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using provisr::Registry;
using provisr::Snapshot;
using provisr::daemon::RenderedText;

TEST_CASE("a text is made once a snapshot") {
  int made = 0;
  RenderedText text([&](const Snapshot&, std::string& to) { to = std::to_string(++made); });
  Registry registry;
  CHECK(*text.of(registry.snapshot()) == "1");
  CHECK(*text.of(registry.snapshot()) == "1");
  registry.tick();
  CHECK(*text.of(registry.snapshot()) == "2");
}
