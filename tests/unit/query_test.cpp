#include <provisr/query.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
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

TEST_CASE("an average lies between the least and the largest value") {
  std::vector<ProcessMetrics> samples(3, sample(1s, 0.1));  // their sum is more than 0.3
  CHECK(*rows_of(samples, 10s, Aggregate::average).at(0).values[cpu] == 0.1);
  samples.assign(6, sample(1s, 0.1));  // their sum is less than 0.6
  CHECK(*rows_of(samples, 10s, Aggregate::average).at(0).values[cpu] == 0.1);
}

TEST_CASE("a percentile of a step is one of its values") {
  std::vector<ProcessMetrics> samples;
  for (int i = 100; i >= 1; --i) samples.push_back(sample(1ms * (101 - i), i));
  CHECK(*rows_of(samples, 10s, Aggregate::p95).at(0).values[cpu] == 95.0);
}

namespace {

/// Returns values in several orders: as they come, rising, falling, and with many equal ones.
[[nodiscard]] std::vector<std::vector<double>> arrangements(std::size_t count) {
  std::minstd_rand random(static_cast<unsigned>(count) + 1);
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<double>(random() % 100'000);
  std::vector<std::vector<double>> all(4, values);
  std::sort(all[1].begin(), all[1].end());
  std::sort(all[2].begin(), all[2].end(), std::greater<>());
  for (double& value : all[3]) value = static_cast<double>(static_cast<int>(value) % 3);
  return all;
}

[[nodiscard]] double sorted_p95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return nearest_rank(values, 0.95);
}

}  // namespace

TEST_CASE("the largest twentieth suffices for the exact percentile, with any number of values") {
  const std::vector<std::size_t> counts{1, 2, 19, 20, 21, 39, 40, 41, 100, 399, 400, 1000, 4001};
  for (const std::size_t most : counts) {
    for (const std::size_t count : counts) {
      if (count > most) continue;
      for (const std::vector<double>& values : arrangements(count)) {
        StepValues step;
        for (const double value : values) {
          step.add(value, Aggregate::p95, kept_for_p95(most), kept_for_p95(most) + 1);
        }
        if (*step.reduce(Aggregate::p95) == sorted_p95(values)) continue;
        FAIL_CHECK("wrong with " << count << " of " << most);
      }
    }
  }
}

TEST_CASE("more samples than announced do no harm") {
  CHECK(kept_for_p95(0) == 1);
  Stepper stepper({.step = 10s, .aggregate = Aggregate::p95, .most_samples = 0});
  for (int i = 0; i < 1'000; ++i) REQUIRE_FALSE(stepper.add(sample(1ms * i, 7.0)));
  CHECK(stepper.finish()->values[cpu] == Figure<double>(7.0));
}

TEST_CASE("as many values are kept as any percentile of fewer values needs") {
  std::size_t needed = 0;
  for (std::size_t most = 1; most <= 20'000; ++most) {
    needed = std::max(needed, most - nearest_rank_index(most, 0.95));
    if (kept_for_p95(most) != needed) FAIL_CHECK("wrong for " << most);
  }
  CHECK(kept_for_p95(1'000'000) == 50'001);
  CHECK(kept_for_p95(SIZE_MAX) == SIZE_MAX);
}

TEST_CASE("the memory of the largest values is bounded, in whichever order they come") {
  const std::size_t kept = kept_for_p95(100'000);
  for (const std::vector<double>& values : arrangements(100'000)) {
    LargestValues largest;
    std::size_t most = 0;
    for (const double value : values) {
      largest.add(value, kept, kept + kept / 2);
      most = std::max(most, largest.size());
    }
    CHECK(most < kept + kept / 2);
    CHECK(largest.nth_largest(kept) == sorted_p95(values));
  }
}

TEST_CASE("a stepper keeps its bound and its exactness over many steps") {
  std::vector<ProcessMetrics> samples;
  std::minstd_rand random(5);
  for (int i = 0; i < 20'000; ++i) {
    samples.push_back(
        sample(1s * i, static_cast<double>(random() % 1000), static_cast<std::uint64_t>(i)));
  }
  const auto expected = rows_of(samples, 3000s, Aggregate::p95);
  Stepper stepper(StepperOptions{.step = 3000s, .aggregate = Aggregate::p95, .most_samples = 3000});
  std::vector<StepRow> rows;
  for (const ProcessMetrics& each : samples) {
    if (const auto row = stepper.add(each)) rows.push_back(*row);
  }
  if (const auto row = stepper.finish()) rows.push_back(*row);
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].values[cpu] == expected[i].values[cpu]);
    CHECK(rows[i].values[rss] == expected[i].values[rss]);
  }
}

TEST_CASE("a percentile may be a value that is not finite") {
  StepValues step;
  for (int i = 0; i < 200; ++i) {
    step.add(i < 100 ? std::numeric_limits<double>::infinity() : i, Aggregate::p95,
             kept_for_p95(200), 15);
  }
  CHECK(step.reduce(Aggregate::p95) == Figure<double>(std::numeric_limits<double>::infinity()));
}

TEST_CASE("a row is the same if its figures are reduced one by one") {
  const auto stepper_with = [](int samples) {
    Stepper stepper(StepperOptions{.step = 1h, .aggregate = Aggregate::p95, .most_samples = 100});
    for (int i = 0; i < samples; ++i) CHECK_FALSE(stepper.add(sample(1s * i, i, 7)));
    return stepper;
  };
  Stepper whole = stepper_with(100);
  Stepper parts = stepper_with(100);
  std::size_t reduced = 0;
  while (parts.reduce_next()) ++reduced;
  CHECK(reduced == figure_count<figures>);
  CHECK(parts.finish()->values == whole.finish()->values);
  CHECK_FALSE(parts.finish());
  CHECK_FALSE(parts.reduce_next());
  CHECK_FALSE(parts.add(sample(2h, 5.0)));
  CHECK(parts.finish()->values[cpu] == Figure<double>(5.0));
}

TEST_CASE("figures that are not asked for are not aggregated") {
  StepperOptions options{.step = 10s};
  options.wanted.reset().set(rss);
  Stepper stepper(options);
  CHECK_FALSE(stepper.add(sample(1s, 10.0, 100)));
  const StepRow row = stepper.finish().value();
  CHECK(row.samples == 1);
  CHECK_FALSE(row.values[cpu]);
  CHECK(row.values[rss] == Figure<double>(100.0));
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
