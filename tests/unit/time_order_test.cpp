// Steps, totals and summaries of samples that were taken while the wall clock was set.
#include "daemon/api/time_order.hpp"

#include "daemon/api/group_history.hpp"
#include "daemon/api/history.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/summary.hpp"
#include "support/answer_text.hpp"
#include "support/manual_clock.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp noon{std::chrono::seconds(1'700'000'000)};

/// A history whose samples have their numbers as PIDs.
struct NumberedHistory {
  explicit NumberedHistory(std::size_t capacity) : history(std::make_shared<History>(capacity)) {}

  void push(Timestamp time) {
    ProcessMetrics sample;
    sample.timestamp = time;
    sample.pid = static_cast<ProcessId>(++pushed);
    sample.cpu_percent = static_cast<double>(pushed % 97);
    history->push(sample);
  }
  [[nodiscard]] HistoryView view() const { return {history, history->pushed()}; }

  std::shared_ptr<History> history;
  std::uint64_t pushed = 0;
};

[[nodiscard]] std::vector<ProcessId> numbers_of(TimeOrder order, std::size_t at_once) {
  std::vector<ProcessId> numbers;
  while (!order.is_done()) {
    const std::size_t looked_at = order.work(
        at_once, [&](const SampleView& sample) { numbers.push_back(sample.metrics.pid); });
    CHECK(looked_at <= at_once);
  }
  return numbers;
}

[[nodiscard]] std::vector<ProcessId> sorted_numbers(const NumberedHistory& samples,
                                                    const TimeRange& range) {
  std::vector<ProcessMetrics> all = samples.history->read();
  std::erase_if(all, [&](const auto& sample) { return !range.contains(sample.timestamp); });
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.timestamp < b.timestamp; });
  std::vector<ProcessId> numbers;
  for (const ProcessMetrics& sample : all) numbers.push_back(sample.pid);
  return numbers;
}

[[nodiscard]] rapidjson::Document parsed_answer(const HttpAnswer& answer) {
  rapidjson::Document document;
  document.Parse(test::text_of(answer).c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

/// Two processes of one base, sampled each second. Tests set the clock.
struct SampledPair {
  SampledPair() {
    for (const char* name : {"app-1", "app-2"}) REQUIRE_FALSE(registry.declare(name));
  }

  void run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.advance(1s);
      ProcessMetrics sample;
      sample.timestamp = clock.utc_now();
      sample.cpu_percent = 10.0;
      sample.memory_rss_bytes = 1024 * 1024;
      for (const char* name : {"app-1", "app-2"}) REQUIRE_FALSE(registry.record(name, sample));
      registry.tick();
    }
  }
  [[nodiscard]] rapidjson::Document group(HistoryQuery query = {}) const {
    return parsed_answer(group_history_answer("app", registry.snapshot(), std::move(query), 1s));
  }

  ManualClock clock;
  Registry registry{RegistryOptions{.max_history = 1000, .clock = &clock}};
};

/// Returns whether the timestamps of the rows rise.
[[nodiscard]] bool are_sorted(const rapidjson::Document& document) {
  std::vector<std::string> times;
  for (const auto& row : document["history"].GetArray()) {
    times.emplace_back(row["timestamp"].GetString());
  }
  return std::adjacent_find(times.begin(), times.end(), std::greater_equal<>()) == times.end();
}

}  // namespace

TEST_CASE("samples come by their time, whatever the clock has done and however they are read") {
  std::minstd_rand random(7);
  for (int round = 0; round < 60; ++round) {
    NumberedHistory samples(1 + random() % 3000);
    Timestamp time = noon;
    const auto count = random() % 5000;
    for (unsigned i = 0; i < count; ++i) {
      if (random() % 100 == 0) time += std::chrono::seconds(static_cast<int>(random() % 400) - 200);
      samples.push(time += 1s);
    }
    TimeRange range;
    if (random() % 2 == 0) range.since = noon + std::chrono::seconds(random() % 2000);
    if (random() % 2 == 0) range.until = noon + std::chrono::seconds(random() % 4000);
    CHECK(numbers_of({samples.view(), range}, 1 + random() % 2000) ==
          sorted_numbers(samples, range));
  }
}

TEST_CASE("as many runs as samples are put into order, too") {
  NumberedHistory samples(40'000);
  for (int i = 40'000; i > 0; --i) samples.push(noon + std::chrono::seconds(i));
  CHECK(numbers_of({samples.view(), {}}, 5000) == sorted_numbers(samples, {}));
}

TEST_CASE("samples that are overwritten while they are put into order are left out") {
  NumberedHistory samples(1000);
  for (int i = 0; i < 1000; ++i) samples.push(noon + std::chrono::seconds(i % 500));
  TimeOrder order(samples.view(), {});
  for (int i = 0; i < 10; ++i) {  // the first pass
    CHECK(order.work(100, [](const SampleView&) { FAIL("none has its place yet"); }) == 100);
    for (int k = 0; k < 60; ++k) samples.push(noon);
  }
  std::vector<ProcessId> numbers;
  while (!order.is_done()) {
    static_cast<void>(
        order.work(100, [&](const SampleView& sample) { numbers.push_back(sample.metrics.pid); }));
  }
  std::sort(numbers.begin(), numbers.end());
  REQUIRE_FALSE(numbers.empty());
  CHECK(numbers.front() > 540);  // 1 to 540 were overwritten during the first pass
  CHECK(numbers.back() <= 1000);
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
}

TEST_CASE("a clock that was set back counts no process twice in a step") {
  SampledPair pair;
  pair.run(60);
  pair.clock.set_wall_clock_by(-30s);
  pair.run(60);
  const rapidjson::Document totals = pair.group();
  CHECK(are_sorted(totals));
  CHECK(totals["history"].Size() == 90);
  for (const auto& row : totals["history"].GetArray()) {
    CHECK(row["process_count"].GetInt() == 2);
    CHECK(row["total_cpu"].GetDouble() == 20);
    CHECK(row["total_memory"].GetDouble() == 2);
  }
}

TEST_CASE("a clock that was set forward, and back again, leaves a gap and nothing else") {
  SampledPair pair;
  pair.run(10);
  pair.clock.set_wall_clock_by(100s);
  pair.run(10);
  pair.clock.set_wall_clock_by(-100s);
  pair.run(10);
  const rapidjson::Document totals = pair.group();
  CHECK(are_sorted(totals));
  CHECK(totals["history"].Size() == 30);
  for (const auto& row : totals["history"].GetArray()) CHECK(row["process_count"].GetInt() == 2);
}

TEST_CASE("a step has all its samples once, in whichever order they were taken") {
  std::minstd_rand random(3);
  for (const Aggregate aggregate : {Aggregate::average, Aggregate::minimum, Aggregate::maximum,
                                    Aggregate::last, Aggregate::p95}) {
    NumberedHistory samples(20'000);
    Timestamp time = noon;
    for (int i = 0; i < 20'000; ++i) {
      if (random() % 2000 == 0) time -= 300s;
      samples.push(time += 1s);
    }
    const std::vector<ProcessMetrics> all = samples.history->read();
    std::map<Timestamp, Stepper> expected;
    for (const ProcessId number : sorted_numbers(samples, {})) {
      const ProcessMetrics& sample = all.at(static_cast<std::size_t>(number) - 1);
      const Timestamp step = step_of(sample.timestamp, 60s);
      static_cast<void>(expected.try_emplace(step, 60s, aggregate).first->second.add(sample));
      if (expected.size() > 40) break;  // enough to compare
    }
    HistoryQuery query;
    query.step = 60s;
    query.aggregate = aggregate;
    const rapidjson::Document rows = parsed_answer(history_answer("app", samples.view(), query));
    CHECK(are_sorted(rows));
    std::size_t total = 0;
    for (const auto& row : rows["history"].GetArray()) total += row["samples"].GetUint();
    CHECK(total == 20'000);
    std::size_t at = 0;
    for (auto& [begin, stepper] : expected) {
      if (at == 40) break;
      const auto& row = rows["history"][static_cast<rapidjson::SizeType>(at++)];
      const StepRow wanted = stepper.finish().value();
      CHECK(row["samples"].GetUint() == wanted.samples);
      CHECK(row["cpu_percent"].GetDouble() == *wanted.values[0]);
    }
  }
}

TEST_CASE("a clock that was wrong for a while hides nothing of a window") {
  SampledPair pair;
  pair.run(200);
  pair.clock.set_wall_clock_by(-7200s);
  pair.run(60);
  pair.clock.set_wall_clock_by(7200s);
  pair.run(226);  // the newest 256, which are read first, begin among the wrong times
  const rapidjson::Document summary =
      parsed_answer(summary_answer({.is_base = false, .name = "app-1"}, pair.registry.snapshot(),
                                   1000s, pair.clock.utc_now(), 1s));
  CHECK(summary["figures"]["cpu_percent"]["count"].GetInt() == 426);
}

TEST_CASE("a clock that was wrong for longer than the first look hides nothing of a window") {
  const auto wrong = GENERATE(-7200s, 7200s);
  SampledPair pair;
  pair.run(200);
  pair.clock.set_wall_clock_by(wrong);
  pair.run(300);
  pair.clock.set_wall_clock_by(-wrong);
  pair.run(100);
  const auto count = [&](const Target& target) {
    return parsed_answer(summary_answer(target, pair.registry.snapshot(), 599s,
                                        pair.clock.utc_now(),
                                        1s))["figures"]["cpu_percent"]["count"]
        .GetInt();
  };
  CHECK(count({.is_base = false, .name = "app-1"}) == 300);
  CHECK(count({.is_base = true, .name = "app"}) == 600);
}

TEST_CASE("a window ends now: samples of a clock that was ahead are not in it") {
  SampledPair pair;
  pair.run(10);
  pair.clock.set_wall_clock_by(24h);
  pair.run(20);
  pair.clock.set_wall_clock_by(-24h);
  pair.run(10);
  const auto count_at = [&](Timestamp now) {
    return parsed_answer(summary_answer({.is_base = false, .name = "app-1"},
                                        pair.registry.snapshot(), 5min, now,
                                        1s))["figures"]["cpu_percent"]["count"]
        .GetInt();
  };
  const Timestamp now = pair.clock.utc_now();
  CHECK(count_at(now) == 20);
  CHECK(count_at(now - Timestamp::duration(1)) == 19);
}

TEST_CASE("a clock that began in 1970 refuses no steps and makes no single row") {
  SampledPair pair;
  const auto to_now = noon - pair.clock.utc_now();
  const auto was_in_1970 = Timestamp(100s) - pair.clock.utc_now();
  pair.clock.set_wall_clock_by(was_in_1970);
  pair.run(5);
  pair.clock.set_wall_clock_by(to_now - was_in_1970);
  pair.run(60);
  HistoryQuery query;
  query.step = 1s;
  const HistoryView view = pair.registry.snapshot().find("app-1")->history_view();
  const rapidjson::Document steps = parsed_answer(history_answer("app-1", view, query));
  CHECK(steps["history"].Size() == 65);
  CHECK(are_sorted(steps));
  CHECK(pair.group(query)["history"].Size() == 65);
  CHECK(pair.group()["history"].Size() == 65);
}

TEST_CASE("steps that have samples are bounded even if most have none") {
  NumberedHistory samples(40'000);
  samples.push(Timestamp(0s));
  for (int i = 1; i < 10'000; ++i) samples.push(noon + std::chrono::seconds(i));
  HistoryQuery query;
  query.step = 1s;
  CHECK(parsed_answer(history_answer("app", samples.view(), query))["history"].Size() == 10'000);
  samples.push(noon + 10'000s);
  CHECK_THROWS_AS(history_answer("app", samples.view(), query), Refusal);
}

TEST_CASE("the newest steps are those that are answered, whatever the clock has done") {
  std::minstd_rand random(11);
  for (int round = 0; round < 40; ++round) {
    NumberedHistory samples(1 + random() % 20'000);
    Timestamp time = noon;
    const auto count = random() % 30'000;
    for (unsigned i = 0; i < count; ++i) {
      if (random() % 500 == 0) time += std::chrono::seconds(static_cast<int>(random() % 800) - 400);
      samples.push(time += 1s);
    }
    std::map<Timestamp, std::size_t> expected;
    for (const ProcessMetrics& sample : samples.history->read()) {
      ++expected[step_of(sample.timestamp, 7s)];
    }
    HistoryQuery query;
    query.step = 7s;
    query.aggregate = random() % 2 == 0 ? Aggregate::average : Aggregate::p95;
    query.limit = 1 + random() % 3000;
    while (expected.size() > query.limit) expected.erase(expected.begin());
    const rapidjson::Document rows = parsed_answer(history_answer("app", samples.view(), query));
    CHECK(are_sorted(rows));
    REQUIRE(rows["history"].Size() == expected.size());
    rapidjson::SizeType at = 0;
    for (const auto& [begin, in_step] : expected) {
      const auto& row = rows["history"][at++];
      if (row["samples"].GetUint() != in_step) FAIL_CHECK("a step has lost samples");
    }
  }
}
