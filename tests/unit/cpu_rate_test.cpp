#include <provisr/cpu_rate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using provisr::cpu_percent;
using provisr::CpuReading;
using provisr::Figure;
using provisr::MonotonicTime;

namespace {

CpuReading reading(std::chrono::nanoseconds cpu, std::chrono::nanoseconds at) {
  return {static_cast<std::uint64_t>(cpu.count()), MonotonicTime(at)};
}

}  // namespace

TEST_CASE("CPU time equal to the wall time is 100 percent", "[cpu_rate]") {
  CHECK(cpu_percent(reading(7s, 100s), reading(8s, 101s)) == Figure<double>(100.0));
  CHECK(cpu_percent(reading(0s, 0s), reading(50ms, 50ms)) == Figure<double>(100.0));
}

TEST_CASE("four busy threads are 400 percent", "[cpu_rate]") {
  CHECK(cpu_percent(reading(10s, 100s), reading(30s, 105s)) == Figure<double>(400.0));
}

TEST_CASE("an idle process is a known 0", "[cpu_rate]") {
  CHECK(cpu_percent(reading(7s, 100s), reading(7s, 105s)) == Figure<double>(0.0));
}

TEST_CASE("a rate is of its interval, not of the lifetime", "[cpu_rate]") {
  CHECK(cpu_percent(reading(3600s, 7200s), reading(3600s, 7201s)) == Figure<double>(0.0));
  CHECK(cpu_percent(reading(0s, 7200s), reading(155ms, 7201s)) == Figure<double>(15.5));
}

TEST_CASE("without time between there is no rate", "[cpu_rate]") {
  CHECK_FALSE(cpu_percent(reading(1s, 5s), reading(2s, 5s)).has_value());
  CHECK_FALSE(cpu_percent(reading(1s, 5s), reading(2s, 4s)).has_value());
}

TEST_CASE("a counter that went back gives no rate", "[cpu_rate]") {
  CHECK_FALSE(cpu_percent(reading(9s, 5s), reading(2s, 6s)).has_value());
}

TEST_CASE("an unknown counter gives no rate", "[cpu_rate]") {
  const CpuReading unknown_early{{}, MonotonicTime(5s)};
  const CpuReading unknown_late{{}, MonotonicTime(6s)};
  CHECK_FALSE(cpu_percent(unknown_early, reading(2s, 6s)).has_value());
  CHECK_FALSE(cpu_percent(reading(1s, 5s), unknown_late).has_value());
  CHECK_FALSE(cpu_percent(unknown_early, unknown_late).has_value());
}

TEST_CASE("rates are rounded to a thousandth", "[cpu_rate]") {
  CHECK(cpu_percent(reading(0s, 0s), reading(1s, 3s)) == Figure<double>(33.333));
  CHECK(cpu_percent(reading(0s, 0s), reading(2s, 3s)) == Figure<double>(66.667));
  CHECK(cpu_percent(reading(0s, 0s), reading(4999ns, 1s)) == Figure<double>(0.0));
  CHECK(cpu_percent(reading(0s, 0s), reading(5001ns, 1s)) == Figure<double>(0.001));
}

TEST_CASE("long uptimes lose no precision", "[cpu_rate]") {
  const auto years = std::chrono::nanoseconds(24h * 365 * 20);
  CHECK(cpu_percent(reading(years, years), reading(years + 1s, years + 4s)) ==
        Figure<double>(25.0));
}
