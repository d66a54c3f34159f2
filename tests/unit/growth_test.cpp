#include "daemon/cli/top/growth.hpp"

#include "daemon/cli/top/board.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <functional>
#include <string>

using namespace provisr::daemon;
using namespace std::chrono_literals;

namespace {

[[nodiscard]] MemoryHistory history_of(int count, const std::function<double(int)>& mb_of) {
  MemoryHistory history;
  for (int i = 0; i < count; ++i) history.add({.at = i * 5s, .mb = mb_of(i)});
  return history;
}

}  // namespace

TEST_CASE("memory that rises steadily grows, and is told in words") {
  const auto growth = growth_of(history_of(121, [](int i) { return 20 + 0.25 * i; }));
  REQUIRE(growth);
  CHECK(growth->is_now);
  CHECK(growth->mb_per_minute() == 3.0);
  CHECK(to_words(*growth) == "memory grows 3.0 MB a minute, from 20.0 MB to 50.0 MB in 10m0s");
}

TEST_CASE("what stays, wavers, jumps once or is too little or too short is no growth") {
  CHECK_FALSE(growth_of(history_of(100, [](int) { return 500.0; })));
  CHECK_FALSE(growth_of(history_of(100, [](int i) { return 500.0 + i % 2 * 20; })));
  CHECK_FALSE(growth_of(history_of(100, [](int i) { return i < 5 ? 20.0 : 200.0; })));
  CHECK_FALSE(growth_of(history_of(100, [](int i) { return 20 + 0.03 * i; })));
  CHECK_FALSE(growth_of(history_of(100, [](int i) { return 5000 + i * 1.0; })));
  CHECK_FALSE(growth_of(history_of(8, [](int i) { return 20.0 + 10 * i; })));
  CHECK_FALSE(growth_of({}));
}

TEST_CASE("memory that is let go and grows again is told as such") {
  const auto growth = growth_of(history_of(60, [](int i) { return 20.0 + i % 20; }));
  REQUIRE(growth);
  CHECK(growth->released == 2);
  CHECK(to_words(*growth).ends_with("; released and grown again 2 times"));
  const auto over = growth_of(history_of(25, [](int i) { return 20.0 + i % 20; }));
  REQUIRE(over);
  CHECK_FALSE(over->is_now);
  CHECK(to_words(*over).starts_with("memory grew "));
}

TEST_CASE("growth is not told across a gap or two processes") {
  MemoryHistory history = history_of(10, [](int i) { return 20.0 + i; });
  history.add({.at = 10min, .mb = 100});
  CHECK(history.points().size() == 1);
  history.add({.at = 5min, .mb = 100});
  CHECK(history.points().size() == 1);
  const MemoryHistory two = parse_memory_history(R"({"history": [
      {"timestamp": "2026-11-25T10:00:00Z", "pid": 1, "memory_mb": 10},
      {"timestamp": "2026-11-25T10:00:05Z", "pid": 2, "memory_mb": 20},
      {"timestamp": "2026-11-25T10:00:10Z", "pid": 2},
      {"timestamp": "nonsense", "pid": 2, "memory_mb": 20}]})");
  CHECK(two.points().size() == 1);
}

TEST_CASE("a history of memory is bounded") {
  CHECK(history_of(1000, [](int) { return 1.0; }).points().size() == MemoryHistory::longest);
}
