#include "support/fake_registry.hpp"

#include <provisr/aggregator.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace provisr;
using provisr::test::FakeMachine;

namespace {

ProcessMetrics sample(Figure<double> cpu_percent, Figure<std::uint64_t> rss = {}) {
  ProcessMetrics metrics;
  metrics.cpu_percent = cpu_percent;
  metrics.memory_rss_bytes = rss;
  return metrics;
}

/// A machine with recorded samples.
struct Recorded : FakeMachine {
  void add(std::string_view name, const ProcessMetrics& metrics) {
    REQUIRE_FALSE(registry.declare(name));
    REQUIRE_FALSE(registry.record(name, metrics));
  }
  GroupTotals totals(std::string_view base) {
    tick_after();
    const auto totals = group_totals(registry.snapshot(), base);
    REQUIRE(totals);
    return *totals;
  }
};

std::vector<ProcessMetrics> history_of(const std::vector<double>& rates) {
  std::vector<ProcessMetrics> history;
  for (const double rate : rates) history.push_back(sample(rate));
  return history;
}

}  // namespace

TEST_CASE("the totals of a group are of its instances alone", "[aggregator]") {
  Recorded machine;
  machine.add("my-app-1", sample(10.0, 100U));
  machine.add("my-app-2", sample(20.5, 50U));
  machine.add("my-app-3", sample(0.0, 0U));
  machine.add("my-app-server-1", sample(400.0, 1'000U));
  machine.add("my-app1", sample(400.0, 1'000U));
  const GroupTotals totals = machine.totals("my-app");
  CHECK(totals.process_count == 3);
  CHECK(totals.total_cpu_percent == Figure<double>(30.5));
  CHECK(totals.total_memory_bytes == Figure<double>(150.0));
  CHECK(totals.avg_cpu_percent == Figure<double>(10.167));
  CHECK(totals.avg_memory_bytes == Figure<double>(50.0));
}

TEST_CASE("the bare name is an instance of its group", "[aggregator]") {
  Recorded machine;
  machine.add("my-app", sample(12.0, 8U));
  const GroupTotals totals = machine.totals("my-app");
  CHECK(totals.process_count == 1);
  CHECK(totals.total_cpu_percent == Figure<double>(12.0));
}

TEST_CASE("unknown figures count neither in sums nor in averages", "[aggregator]") {
  Recorded machine;
  machine.add("my-app-1", sample({}, 100U));
  machine.add("my-app-2", sample(20.0, {}));
  machine.add("my-app-3", sample(40.0, {}));
  const GroupTotals totals = machine.totals("my-app");
  CHECK(totals.process_count == 3);
  CHECK(totals.total_cpu_percent == Figure<double>(60.0));
  CHECK(totals.avg_cpu_percent == Figure<double>(30.0));
  CHECK(totals.total_memory_bytes == Figure<double>(100.0));
  CHECK(totals.avg_memory_bytes == Figure<double>(100.0));
}

TEST_CASE("what no instance knows is unknown in total", "[aggregator]") {
  Recorded machine;
  machine.add("my-app-1", sample({}, {}));
  const GroupTotals totals = machine.totals("my-app");
  CHECK(totals.process_count == 1);
  CHECK_FALSE(totals.total_cpu_percent.has_value());
  CHECK_FALSE(totals.total_memory_bytes.has_value());
  CHECK_FALSE(totals.avg_cpu_percent.has_value());
  CHECK_FALSE(totals.avg_memory_bytes.has_value());
}

TEST_CASE("a group none of whose instances runs uses nothing", "[aggregator]") {
  Recorded machine;
  REQUIRE_FALSE(machine.registry.declare("my-app-1"));
  const GroupTotals totals = machine.totals("my-app");
  CHECK(totals.process_count == 0);
  CHECK(totals.total_cpu_percent == Figure<double>(0.0));
  CHECK(totals.total_memory_bytes == Figure<double>(0.0));
  CHECK_FALSE(totals.avg_cpu_percent.has_value());
  CHECK_FALSE(totals.avg_memory_bytes.has_value());
}

TEST_CASE("a base without instances has no totals", "[aggregator]") {
  Recorded machine;
  machine.add("my-app-server-1", sample(1.0, 1U));
  machine.tick_after();
  CHECK_FALSE(group_totals(machine.registry.snapshot(), "my-app"));
  CHECK_FALSE(group_totals(machine.registry.snapshot(), ""));
}

TEST_CASE("instances that have stopped do not count", "[aggregator]") {
  FakeMachine machine;
  for (const ProcessId pid : {1, 2}) {
    machine.system.start(pid, test::known_reading());
    REQUIRE_FALSE(machine.registry.track("my-app-" + std::to_string(pid), pid));
  }
  machine.system.end(1);
  machine.tick_after();
  CHECK(machine.registry.group("my-app")->process_count == 1);
}

TEST_CASE("the distribution of a history", "[aggregator]") {
  std::vector<double> rates;
  for (int i = 100; i >= 1; --i) rates.push_back(i);
  const Distribution all = summarize(history_of(rates), &ProcessMetrics::cpu_percent);
  CHECK(all.count == 100);
  CHECK(all.min == Figure<double>(1.0));
  CHECK(all.max == Figure<double>(100.0));
  CHECK(all.average == Figure<double>(50.5));
  CHECK(all.p50 == Figure<double>(50.0));
  CHECK(all.p95 == Figure<double>(95.0));
  CHECK(all.p99 == Figure<double>(99.0));
}

TEST_CASE("an average lies between the least and the largest value", "[aggregator]") {
  for (const std::size_t count : {3U, 6U}) {  // the sums are rounded up and down
    KnownSum sum;
    for (std::size_t i = 0; i < count; ++i) sum.add(Figure<double>(0.1));
    CHECK(sum.average() == Figure<double>(0.1));
    const Distribution equal =
        summarize(history_of(std::vector(count, 0.1)), &ProcessMetrics::cpu_percent);
    CHECK(equal.average == equal.max);
    CHECK(equal.average == equal.min);
  }
}

TEST_CASE("percentiles are values that did occur", "[aggregator]") {
  const Distribution of_three =
      summarize(history_of({30.0, 10.0, 20.0}), &ProcessMetrics::cpu_percent);
  CHECK(of_three.p50 == Figure<double>(20.0));
  CHECK(of_three.p95 == Figure<double>(30.0));
  const Distribution of_two = summarize(history_of({1.0, 2.0}), &ProcessMetrics::cpu_percent);
  CHECK(of_two.p50 == Figure<double>(1.0));
  CHECK(of_two.p99 == Figure<double>(2.0));
  const Distribution of_one = summarize(history_of({4.0}), &ProcessMetrics::cpu_percent);
  CHECK(of_one.min == of_one.max);
  CHECK(of_one.p50 == Figure<double>(4.0));
}

TEST_CASE("a rank that is whole is not rounded up", "[aggregator]") {
  std::vector<double> sorted;
  for (int count = 1; count <= 2000; ++count) {
    sorted.push_back(count);
    for (int percent = 1; percent <= 100; ++percent) {
      const int rank = (count * percent + 99) / 100;
      if (nearest_rank(sorted, percent / 100.0) == rank) continue;
      FAIL(percent << " % of " << count);
    }
  }
  CHECK(nearest_rank(sorted, 0) == 1);
}

TEST_CASE("samples without the figure are left out of a distribution", "[aggregator]") {
  const std::vector history{sample({}), sample(3.0), sample({}), sample(5.0)};
  const Distribution known = summarize(history, &ProcessMetrics::cpu_percent);
  CHECK(known.count == 2);
  CHECK(known.average == Figure<double>(4.0));
  CHECK(known.min == Figure<double>(3.0));
}

TEST_CASE("a distribution of nothing is unknown", "[aggregator]") {
  for (const auto& history : {std::vector<ProcessMetrics>{}, std::vector{sample({})}}) {
    const Distribution none = summarize(history, &ProcessMetrics::cpu_percent);
    CHECK(none.count == 0);
    CHECK_FALSE(none.min.has_value());
    CHECK_FALSE(none.average.has_value());
    CHECK_FALSE(none.p99.has_value());
  }
}

TEST_CASE("a distribution can be of any figure", "[aggregator]") {
  const std::vector history{sample(1.0, 1U << 20U), sample(1.0, 3U << 20U)};
  const Distribution memory =
      summarize(history, [](const ProcessMetrics& metrics) { return metrics.memory_mb(); });
  CHECK(memory.average == Figure<double>(2.0));
  CHECK(summarize(history, &ProcessMetrics::memory_rss_bytes).max == Figure<double>(3 << 20));
}

TEST_CASE("a distribution is that of the sorted values, with any number of them") {
  std::minstd_rand random(9);
  for (std::size_t count = 1; count <= 300; ++count) {
    std::vector<double> values(count);
    for (double& value : values)
      value = static_cast<double>(random() % (count % 3 == 0 ? 4 : 1000));
    const Distribution found =
        distribution_of(count, [&](std::size_t i) { return Figure<double>(values[i]); });
    std::sort(values.begin(), values.end());
    CHECK(found.count == count);
    CHECK(found.min == Figure<double>(values.front()));
    CHECK(found.max == Figure<double>(values.back()));
    CHECK(found.p50 == Figure<double>(nearest_rank(values, 0.50)));
    CHECK(found.p95 == Figure<double>(nearest_rank(values, 0.95)));
    CHECK(found.p99 == Figure<double>(nearest_rank(values, 0.99)));
  }
}
