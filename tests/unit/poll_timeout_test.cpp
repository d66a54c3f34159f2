#include "daemon/platform/poll_timeout.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <limits>
#include <optional>

using namespace std::chrono_literals;
using provisr::daemon::poll_timeout;

TEST_CASE("a timeout fits into what the system takes, and never turns into one without end") {
  CHECK(poll_timeout(std::nullopt) == -1);
  CHECK(poll_timeout(0ms) == 0);
  CHECK(poll_timeout(1500ms) == 1500);
  CHECK(poll_timeout(-5ms) == 0);
  CHECK(poll_timeout(24h * 10'000) == std::numeric_limits<int>::max());
}
