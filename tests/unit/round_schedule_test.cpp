#include <provisr/detail/round_schedule.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>

using namespace std::chrono_literals;
using provisr::detail::RoundSchedule;

namespace {

constexpr RoundSchedule::Time origin{1h};

}  // namespace

TEST_CASE("rounds are due at every interval", "[collector]") {
  RoundSchedule rounds(100ms, origin);
  CHECK(rounds.due() == origin + 100ms);
  CHECK(rounds.advance(origin + 101ms) == 0);
  CHECK(rounds.due() == origin + 200ms);
  CHECK(rounds.advance(origin + 299ms) == 0);
  CHECK(rounds.due() == origin + 300ms);
}

TEST_CASE("rounds that a slow one overruns are skipped", "[collector]") {
  RoundSchedule rounds(100ms, origin);
  CHECK(rounds.advance(origin + 450ms) == 3);
  CHECK(rounds.due() == origin + 500ms);
  CHECK(rounds.advance(origin + 600ms) == 1);  // it is due no later than the round ends
  CHECK(rounds.due() == origin + 700ms);
}

TEST_CASE("a clock that has gone back skips nothing", "[collector]") {
  RoundSchedule rounds(100ms, origin);
  CHECK(rounds.advance(origin - 10s) == 0);
  CHECK(rounds.due() == origin + 200ms);
}

TEST_CASE("the first round of a long interval is due soon", "[collector]") {
  RoundSchedule rounds(10h, origin);
  CHECK(rounds.due() == origin + 250ms);
  static_cast<void>(rounds.advance(origin + 250ms));
  CHECK(rounds.due() == origin + 250ms + 10h);
  rounds.restart(5h, origin + 1h);
  CHECK(rounds.interval() == 5h);
  CHECK(rounds.due() == origin + 1h + 250ms);
  static_cast<void>(rounds.advance(origin + 1h + 250ms));
  CHECK(rounds.due() == origin + 6h + 250ms);
}

TEST_CASE("a round may be later than the clock can tell", "[collector]") {
  const auto interval =
      GENERATE(std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max() - 1s);
  RoundSchedule rounds(interval, origin);
  CHECK(rounds.due() == origin + 250ms);
  CHECK(rounds.advance(origin + 300ms) == 0);
  CHECK(rounds.due() == RoundSchedule::Time::max());
  CHECK(rounds.advance(origin + 400ms) == 0);
  CHECK(rounds.due() == RoundSchedule::Time::max());
}
