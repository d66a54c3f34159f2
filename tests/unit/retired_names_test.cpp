#include "daemon/supervisor/retired_names.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace provisr::daemon {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

/// Ten seconds of history, and two names of a match.
struct RetiredWorld {
  Names forgotten;
  RetiredNames names{seconds(10), [this](const std::string& name) { forgotten.push_back(name); }};
  MonotonicTime now = MonotonicTime(seconds(100));

  RetiredWorld() { names.allow_matched(2); }
};

TEST_CASE("a retired name is forgotten when its time is over", "[retired]") {
  RetiredWorld world;
  CHECK(world.names.next_expiry() == MonotonicTime::max());
  world.names.add("a", world.now, false);
  world.names.add("b", world.now + seconds(1), false);
  CHECK(world.names.next_expiry() == world.now + seconds(10));
  world.names.forget_expired(world.now + seconds(9));
  CHECK(world.forgotten == Names{});
  world.names.forget_expired(world.now + seconds(10));
  CHECK(world.forgotten == Names{"a"});
  world.names.set_ttl(seconds(5));
  world.names.forget_expired(world.now + seconds(10));
  CHECK(world.forgotten == Names{"a", "b"});
  CHECK(world.names.next_expiry() == MonotonicTime::max());
}

TEST_CASE("a retired name that is used again is not forgotten", "[retired]") {
  RetiredWorld world;
  world.names.add("a", world.now, false);
  world.names.take_back("a");
  world.names.take_back("never there");
  CHECK(world.names.next_expiry() == MonotonicTime::max());
}

TEST_CASE("of names that a match gave, the oldest is forgotten beyond the bound", "[retired]") {
  RetiredWorld world;
  world.names.add("configured", world.now, false);
  for (const char* name : {"a", "b", "c"}) world.names.add(name, world.now, true);
  CHECK(world.forgotten == Names{"a"});
  SECTION("one that was taken back does not count") {
    world.names.take_back("b");
    world.names.add("d", world.now, true);
    CHECK(world.forgotten == Names{"a"});
  }
  SECTION("one that has expired does not count") {
    world.names.forget_expired(world.now + seconds(10));
    world.forgotten.clear();
    for (const char* name : {"d", "e"}) world.names.add(name, world.now, true);
    CHECK(world.forgotten == Names{});
  }
  SECTION("the bound is never lowered") {
    world.names.allow_matched(1);
    world.names.take_back("b");
    world.names.add("d", world.now, true);
    CHECK(world.forgotten == Names{"a"});
  }
}

}  // namespace
}  // namespace provisr::daemon
