#include "daemon/supervisor/backoff.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace provisr::daemon;
using namespace std::chrono_literals;

namespace {

Backoff after_failures(const Backoff::Intervals& intervals, int failures) {
  Backoff backoff(intervals);
  for (int i = 0; i < failures; ++i) backoff.note_failed_start();
  return backoff;
}

}  // namespace

TEST_CASE("the pause after a process that ran is at most a quarter longer than asked for") {
  const Backoff backoff({.restart = 1000ms, .retry = 5s, .most = 1min});
  CHECK(backoff.pause(0) == 1000ms);
  CHECK(backoff.pause(0.5) == 1125ms);
  CHECK(backoff.pause(1) == 1250ms);
}

TEST_CASE("pauses after failed starts double, and never exceed the most") {
  const Backoff::Intervals intervals{.restart = 100ms, .retry = 1s, .most = 10s};
  CHECK(after_failures(intervals, 1).pause(0) == 1s);
  CHECK(after_failures(intervals, 2).pause(0) == 2s);
  CHECK(after_failures(intervals, 4).pause(0) == 8s);
  CHECK(after_failures(intervals, 4).pause(1) == 10s);
  CHECK(after_failures(intervals, 5).pause(0) == 8s);
  CHECK(after_failures(intervals, 5).pause(1) == 10s);
  CHECK(after_failures(intervals, 1'000'000).pause(1) == 10s);
}

TEST_CASE("a first pause that is longer than the most stays, and is spread") {
  const Backoff::Intervals intervals{.restart = 120s, .retry = 120s, .most = 60s};
  CHECK(after_failures(intervals, 9).pause(0) == 120s);
  CHECK(after_failures(intervals, 9).pause(1) == 150s);
}

TEST_CASE("the least pause is the first one, also if the most is hardly longer") {
  const Backoff::Intervals intervals{.restart = 1s, .retry = 1000ms, .most = 1100ms};
  CHECK(after_failures(intervals, 3).pause(0) == 1000ms);
  CHECK(after_failures(intervals, 3).pause(1) == 1100ms);
}

TEST_CASE("a process that ran ends the row of failures") {
  Backoff backoff = after_failures({.restart = 100ms, .retry = 1s, .most = 10s}, 3);
  CHECK(backoff.failures() == 3);
  backoff.reset();
  CHECK(backoff.failures() == 0);
  CHECK(backoff.pause(0) == 100ms);
}
