#include <provisr/query.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace provisr;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t cpu = 0;  // index in the table of figures
constexpr std::size_t rss = 2;

[[nodiscard]] ProcessMetrics sample(std::chrono::nanoseconds at, Figure<double> cpu_percent,
                                    Figure<std::uint64_t> memory = {}) {
  ProcessMetrics metrics;
  metrics.timestamp = Timestamp(at);
  metrics.cpu_percent = cpu_percent;
  metrics.memory_rss_bytes = memory;
  return metrics;
}

[[nodiscard]] std::vector<StepRow> rows_of(const std::vector<ProcessMetrics>& samples,
                                           std::chrono::nanoseconds step, Aggregate aggregate) {
  std::vector<StepRow> rows;
  Stepper stepper(step, aggregate);
  for (const ProcessMetrics& each : samples) {
    if (const auto row = stepper.add(each)) rows.push_back(*row);
  }
  if (const auto row = stepper.finish()) rows.push_back(*row);
  return rows;
}

}  // namespace

TEST_CASE("a range holds its beginning and not its end") {
  const TimeRange range{.since = Timestamp(10s), .until = Timestamp(20s)};
  CHECK_FALSE(range.contains(Timestamp(9s)));
  CHECK(range.contains(Timestamp(10s)));
  CHECK(range.contains(Timestamp(20s - 1ns)));
  CHECK_FALSE(range.contains(Timestamp(20s)));
  CHECK(TimeRange().contains(Timestamp(-1h)));
}

TEST_CASE("steps are aligned to 1970, also before it") {
  CHECK(step_of(Timestamp(25s), 10s) == Timestamp(20s));
  CHECK(step_of(Timestamp(20s), 10s) == Timestamp(20s));
  CHECK(step_of(Timestamp(-1ns), 10s) == Timestamp(-10s));
  CHECK(step_of(Timestamp(-10s), 10s) == Timestamp(-10s));
}

TEST_CASE("every time is in a step, also the first and the last") {
  static_assert(step_of(Timestamp::min(), 10s) == Timestamp::min());
  static_assert(step_of(Timestamp::min(), 1ns) == Timestamp::min());
  static_assert(step_of(Timestamp::max(), 1ns) == Timestamp::max());
  static_assert(step_of(Timestamp::max(), std::chrono::nanoseconds::max()) == Timestamp::max());
  static_assert(step_of(Timestamp(-1ns), std::chrono::nanoseconds::max()) ==
                Timestamp::min() + 1ns);
  CHECK(step_of(TimeRange().since, 1h) <= TimeRange().since);
}

TEST_CASE("a step is what its samples are reduced to, and empty steps have no row") {
  const std::vector<ProcessMetrics> samples{sample(1s, 10.0, 100), sample(2s, 30.0, 300),
                                            sample(4s, 20.0, 200), sample(31s, 5.0, 50)};
  const auto value = [&](Aggregate aggregate, std::size_t figure) {
    return *rows_of(samples, 10s, aggregate).at(0).values[figure];
  };
  CHECK(value(Aggregate::average, cpu) == 20.0);
  CHECK(value(Aggregate::minimum, cpu) == 10.0);
  CHECK(value(Aggregate::maximum, cpu) == 30.0);
  CHECK(value(Aggregate::last, cpu) == 20.0);
  CHECK(value(Aggregate::p95, cpu) == 30.0);
  CHECK(value(Aggregate::average, rss) == 200.0);
  const auto rows = rows_of(samples, 10s, Aggregate::average);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].begin == Timestamp(0s));
  CHECK(rows[0].samples == 3);
  CHECK(rows[1].begin == Timestamp(30s));
  CHECK(rows[1].samples == 1);
}

TEST_CASE("a percentile of a step is one of its values") {
  std::vector<ProcessMetrics> samples;
  for (int i = 100; i >= 1; --i) samples.push_back(sample(1ms * (101 - i), i));
  CHECK(*rows_of(samples, 10s, Aggregate::p95).at(0).values[cpu] == 95.0);
}

TEST_CASE("absent values are left out of a step, and absent if there is no other") {
  const auto rows =
      rows_of({sample(1s, {}, 100), sample(2s, 8.0), sample(11s, {})}, 10s, Aggregate::average);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].samples == 2);
  CHECK(rows[0].values[cpu] == Figure<double>(8.0));
  CHECK(rows[0].values[rss] == Figure<double>(100.0));
  CHECK_FALSE(rows[1].values[cpu]);
}

TEST_CASE("a clock that was set back makes a step come again, with what follows") {
  const auto rows =
      rows_of({sample(25s, 1.0), sample(5s, 2.0), sample(26s, 3.0)}, 10s, Aggregate::average);
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].begin == Timestamp(0s));
  CHECK(rows[2].values[cpu] == Figure<double>(3.0));
}

TEST_CASE("without samples there are no rows") {
  CHECK(rows_of({}, 10s, Aggregate::p95).empty());
}
