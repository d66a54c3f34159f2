#include <provisr/detail/round_schedule.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>

using namespace std::chrono_literals;
using provisr::detail::RoundSchedule;

namespace {

constexpr RoundSchedule::Time begin{1h};

}  // namespace

TEST_CASE("rounds are due at every interval", "[collector]") {
  RoundSchedule rounds(100ms, begin);
  CHECK(rounds.due() == begin + 100ms);
  CHECK(rounds.advance(begin + 101ms) == 0);
  CHECK(rounds.due() == begin + 200ms);
  CHECK(rounds.advance(begin + 299ms) == 0);
  CHECK(rounds.due() == begin + 300ms);
}

TEST_CASE("rounds that a slow one overruns are skipped", "[collector]") {
  RoundSchedule rounds(100ms, begin);
  CHECK(rounds.advance(begin + 450ms) == 3);
  CHECK(rounds.due() == begin + 500ms);
  CHECK(rounds.advance(begin + 600ms) == 1);  // it is due no later than the round ends
  CHECK(rounds.due() == begin + 700ms);
}

TEST_CASE("a clock that has gone back skips nothing", "[collector]") {
  RoundSchedule rounds(100ms, begin);
  CHECK(rounds.advance(begin - 10s) == 0);
  CHECK(rounds.due() == begin + 200ms);
}

TEST_CASE("the first round of a long interval is due soon", "[collector]") {
  RoundSchedule rounds(10h, begin);
  CHECK(rounds.due() == begin + 250ms);
  static_cast<void>(rounds.advance(begin + 250ms));
  CHECK(rounds.due() == begin + 250ms + 10h);
  rounds.restart(5h, begin + 1h);
  CHECK(rounds.interval() == 5h);
  CHECK(rounds.due() == begin + 1h + 250ms);
  static_cast<void>(rounds.advance(begin + 1h + 250ms));
  CHECK(rounds.due() == begin + 6h + 250ms);
}

TEST_CASE("a round may be later than the clock can tell", "[collector]") {
  const auto interval =
      GENERATE(std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max() - 1s);
  RoundSchedule rounds(interval, begin);
  CHECK(rounds.due() == begin + 250ms);
  CHECK(rounds.advance(begin + 300ms) == 0);
  CHECK(rounds.due() == RoundSchedule::Time::max());
  CHECK(rounds.advance(begin + 400ms) == 0);
  CHECK(rounds.due() == RoundSchedule::Time::max());
}
