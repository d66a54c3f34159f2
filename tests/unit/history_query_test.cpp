// History queries over HTTP: how they are parsed and answered.
#include "daemon/api/history_query.hpp"

#include "daemon/api/api.hpp"
#include "daemon/api/group_history.hpp"
#include "daemon/api/history.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/summary.hpp"
#include "support/answer_text.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr Timestamp begin{std::chrono::seconds(1'700'000'000)};

/// Parses "KEY=VALUE&..." without escapes.
[[nodiscard]] HttpQuery parameters(std::string_view text) {
  HttpQuery query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    const std::size_t equals = pair.find('=');
    query.add(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
  }
  return query;
}

[[nodiscard]] HistoryQuery query(std::string_view text) {
  return history_query(parameters(text), history_fields());
}

[[nodiscard]] std::string refusal_of(std::string_view text) {
  try {
    static_cast<void>(query(text));
  } catch (const Refusal& refusal) {
    CHECK(refusal.status == 400);
    return refusal.text;
  }
  return "none";
}

[[nodiscard]] ProcessMetrics sample(std::chrono::seconds at, double cpu, std::uint64_t mib) {
  ProcessMetrics metrics;
  metrics.timestamp = begin + at;
  metrics.pid = 7;
  metrics.cpu_percent = cpu;
  metrics.memory_rss_bytes = mib * 1024 * 1024;
  return metrics;
}

/// A registry with recorded samples.
struct RecordedSamples {
  explicit RecordedSamples(std::size_t max_history = 1000)
      : registry(RegistryOptions{.max_history = max_history}) {}

  void add(std::string_view name, const ProcessMetrics& metrics) {
    record(name, metrics);
    registry.tick();
  }
  /// Records a sample, which readers see after the next tick.
  void record(std::string_view name, const ProcessMetrics& metrics) {
    REQUIRE_FALSE(registry.declare(name));
    REQUIRE_FALSE(registry.record(name, metrics));
  }
  [[nodiscard]] HistoryView view(std::string_view name) const {
    return registry.snapshot().find(name)->history_view();
  }

  Registry registry;
};

[[nodiscard]] rapidjson::Document json_of(const HttpAnswer& answer) {
  rapidjson::Document document;
  document.Parse(text_of(answer).c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

[[nodiscard]] std::vector<double> cpus_of(const rapidjson::Document& document,
                                          const char* key = "cpu_percent") {
  std::vector<double> values;
  for (const auto& row : document["history"].GetArray()) values.push_back(row[key].GetDouble());
  return values;
}

}  // namespace

TEST_CASE("the plus of an offset need not be escaped, and any year is a time") {
  CHECK(query("since=2025-01-27T10:30:45 02:00").range.since ==
        query("since=2025-01-27T10:30:45+02:00").range.since);
  CHECK(query("since=2025-01-27 10:30:45Z").range.since ==
        query("since=2025-01-27T10:30:45Z").range.since);
  CHECK(query("since=0001-01-01T00:00:00Z").range.since < begin);
  CHECK(query("until=9999-12-31T23:59:59Z").range.until > begin);
}

TEST_CASE("wrong parameters of a history are told with what is allowed") {
  CHECK_THAT(refusal_of("since=yesterday"), ContainsSubstring("\"since\" is not a time"));
  CHECK_THAT(refusal_of("until=x"), ContainsSubstring("\"until\" is not a time"));
  for (const char* limit : {"limit=0", "limit=-1", "limit=1.5", "limit=",
                            "limit=99999999999999999999x", "limit=-99999999999999999999"}) {
    CHECK_THAT(refusal_of(limit), ContainsSubstring("at least 1"));
  }
  CHECK_THAT(refusal_of("step=99ms"), ContainsSubstring("at least 100ms"));
  CHECK_THAT(refusal_of("step=x"), ContainsSubstring("\"step\""));
  CHECK_THAT(refusal_of("step=199.9ms"), ContainsSubstring("not a whole number of milliseconds"));
  CHECK_THAT(refusal_of(std::string_view("step=1s\0", 8)),
             ContainsSubstring("\"1s\\x00\" is not a duration"));
  CHECK_THAT(refusal_of("agg=median"), ContainsSubstring("avg, min, max, last or p95"));
  CHECK_THAT(refusal_of("fields=cpu_percent,shoe_size"), ContainsSubstring("\"shoe_size\""));
  CHECK_THAT(refusal_of("fields="), ContainsSubstring("there are pid, name"));
  CHECK(refusal_of("since=-5m&until=-1m&limit=3&step=1m&agg=p95&fields=cpu_percent") == "none");
  // Each name costs time with every sample.
  CHECK(query("fields=pid,name,pid,pid").fields == query("fields=pid,name").fields);
}

TEST_CASE("a limit that is beyond all numbers is one that nothing reaches") {
  CHECK(query("limit=18446744073709551615").limit == UINT64_MAX);
  CHECK(query("limit=18446744073709551616").limit == UINT64_MAX);
  CHECK(query("limit=99999999999999999999").limit == UINT64_MAX);
}

TEST_CASE("an age need not be a whole number of milliseconds") {
  CHECK(refusal_of("since=-199.9ms&until=-0.5ms") == "none");
}

TEST_CASE("samples are those of the range, the newest of them, with the fields asked for") {
  RecordedSamples world;
  for (int i = 0; i < 10; ++i) world.add("app", sample(1s * i, i, 1));
  const auto cpus = [&](std::string_view text) {
    return cpus_of(json_of(history_answer("app", world.view("app"), query(text))));
  };
  CHECK(cpus("limit=3") == std::vector<double>{7, 8, 9});
  CHECK(cpus("since=2023-11-14T22:13:28Z") == std::vector<double>{8, 9});
  CHECK(cpus("until=2023-11-14T22:13:22Z") == std::vector<double>{0, 1});
  CHECK(cpus("since=2023-11-14T22:13:22Z&until=2023-11-14T22:13:26Z&limit=2") ==
        std::vector<double>{4, 5});
  CHECK(cpus("since=2023-11-14T22:13:29.5Z").empty());
  const rapidjson::Document few =
      json_of(history_answer("app", world.view("app"), query("fields=memory_mb&limit=1")));
  const auto& row = few["history"][0];
  CHECK(row.MemberCount() == 2);
  CHECK(row.HasMember("timestamp"));
  CHECK(row["memory_mb"].GetDouble() == 1.0);
}

TEST_CASE("a range that most of a long history is outside of is answered in pieces") {
  RecordedSamples world(5000);
  for (int i = 0; i < 3000; ++i) world.add("app", sample(1s * i, i, 1));
  const HttpAnswer answer =
      history_answer("app", world.view("app"), query("since=2023-11-14T23:03:18Z"));
  REQUIRE(answer.source);
  CHECK(cpus_of(json_of(answer)) == std::vector<double>{2998, 2999});
}

TEST_CASE("a history in steps") {
  RecordedSamples world;
  for (int i = 0; i < 40; ++i) world.add("app", sample(1s * i, i, 2));
  const rapidjson::Document steps =
      json_of(history_answer("app", world.view("app"), query("step=10s&agg=max")));
  CHECK(cpus_of(steps) == std::vector<double>{9, 19, 29, 39});
  const auto& row = steps["history"][0];
  CHECK(std::string_view(row["timestamp"].GetString()) == "2023-11-14T22:13:20.000Z");
  CHECK(row["samples"].GetInt() == 10);
  CHECK(row["memory_rss"].IsUint64());
  CHECK_FALSE(row.HasMember("pid"));
  CHECK(cpus_of(json_of(history_answer("app", world.view("app"), query("step=10s&limit=1")))) ==
        std::vector<double>{34.5});
}

TEST_CASE("more than 10,000 steps are refused, and more samples than a slice are not") {
  RecordedSamples world(50'000);
  for (int i = 0; i < 20'000; ++i) world.record("app", sample(1s * i, 1, 1));
  world.registry.tick();
  CHECK_THROWS_AS(history_answer("app", world.view("app"), query("step=1s")), Refusal);
  const HttpAnswer answer = history_answer("app", world.view("app"), query("step=2s"));
  CHECK(answer.source);
  CHECK(json_of(answer)["history"].Size() == 10'000);
  const rapidjson::Document narrow = json_of(
      history_answer("app", world.view("app"), query("step=1s&until=2023-11-14T22:13:30Z")));
  CHECK(narrow["history"].Size() == 10);
  const rapidjson::Document most = json_of(
      history_answer("app", world.view("app"), query("step=1s&until=2023-11-15T01:00:00Z")));
  CHECK(most["history"].Size() == 10'000);
}

TEST_CASE("a group over time is the sum of what its instances have in each step") {
  RecordedSamples world;
  for (int i = 0; i < 4; ++i) {
    world.add("app-1", sample(10s * i, 10, 1));
    if (i < 2) world.add("app-2", sample(10s * i + 1s, 5, 2));
    world.add("application", sample(10s * i, 99, 9));
  }
  const auto answer = [&](std::string_view text, std::chrono::nanoseconds step = 10s) {
    return json_of(group_history_answer("app", world.registry.snapshot(),
                                        history_query(parameters(text), group_history_fields()),
                                        step));
  };
  const rapidjson::Document totals = answer("");
  CHECK(std::string_view(totals["base"].GetString()) == "app");
  CHECK(cpus_of(totals, "total_cpu") == std::vector<double>{15, 15, 10, 10});
  CHECK(cpus_of(totals, "total_memory") == std::vector<double>{3, 3, 1, 1});
  CHECK(totals["history"][0]["process_count"].GetInt() == 2);
  CHECK(totals["history"][3]["process_count"].GetInt() == 1);
  CHECK(answer("step=20s")["history"].Size() == 2);
  CHECK(answer("limit=1&fields=total_cpu")["history"][0].MemberCount() == 2);
  CHECK(answer("", 1ms)["history"].Size() <= 10'000);
  CHECK_THROWS_AS(group_history_answer("none", world.registry.snapshot(), {}, 1s), Refusal);
}

TEST_CASE("10,000 intervals are as many rows of a group, more are as few as need be") {
  RecordedSamples world(20'000);
  for (int i = 0; i < 10'000; ++i) world.record("app", sample(1s * i, 1, 1));
  world.registry.tick();
  const auto rows = [&] {
    return json_of(group_history_answer("app", world.registry.snapshot(), {}, 1s))["history"]
        .Size();
  };
  CHECK(rows() == 10'000);
  world.add("app", sample(10'000s, 1, 1));
  CHECK(rows() == 5'001);
}

TEST_CASE("a number that JSON does not have is left out") {
  RecordedSamples world;
  ProcessMetrics odd = sample(0s, std::numeric_limits<double>::infinity(), 1);
  odd.memory_vms_bytes = UINT64_MAX - 1;
  world.add("app", odd);
  const rapidjson::Document samples = json_of(history_answer("app", world.view("app"), {}));
  CHECK_FALSE(samples["history"][0].HasMember("cpu_percent"));
  CHECK(samples["history"][0]["memory_vms"].GetUint64() == UINT64_MAX - 1);
  const rapidjson::Document steps =
      json_of(history_answer("app", world.view("app"), query("step=1s")));
  CHECK_FALSE(steps["history"][0].HasMember("cpu_percent"));
  CHECK(steps["history"][0]["memory_vms"].GetDouble() == 0x1p64);
  const rapidjson::Document summary = json_of(
      summary_answer({.is_base = false, .name = "app"}, world.registry.snapshot(), 10s, begin, 1s));
  CHECK_FALSE(summary["figures"]["cpu_percent"].HasMember("max"));
}

TEST_CASE("instances that ran at different times are bounded together") {
  RecordedSamples world(10'000);
  for (int i = 0; i < 5001; ++i) world.record("app-1", sample(1s * i, 1, 1));
  for (int i = 0; i < 4999; ++i) world.record("app-2", sample(1s * (100'000 + i), 1, 1));
  world.registry.tick();
  const auto answer = [&](std::string_view text) {
    return group_history_answer("app", world.registry.snapshot(),
                                history_query(parameters(text), group_history_fields()), 1s);
  };
  CHECK(json_of(answer("step=1s"))["history"].Size() == 10'000);
  CHECK(json_of(answer(""))["history"].Size() == 10'000);
  world.add("app-2", sample(104'999s, 1, 1));
  CHECK_THROWS_AS(answer("step=1s"), Refusal);
  CHECK(json_of(answer(""))["history"].Size() <= 5002);
}

TEST_CASE("a summary looks no further back than its window") {
  RecordedSamples world(5000);
  for (int i = 0; i < 3000; ++i) world.add("app", sample(1s * i, i, 1));
  const rapidjson::Document summary = json_of(summary_answer(
      {.is_base = false, .name = "app"}, world.registry.snapshot(), 999s, begin + 2999s, 1s));
  CHECK(summary["figures"]["cpu_percent"]["count"].GetInt() == 1000);
  CHECK(summary["figures"]["cpu_percent"]["min"].GetDouble() == 2000);
}

TEST_CASE("a summary of more than 100,000 samples is refused") {
  RecordedSamples world(150'000);
  for (int i = 0; i < 100'001; ++i) world.record("app", sample(1s * i, 1, 1));
  world.registry.tick();
  const Snapshot snapshot = world.registry.snapshot();
  const Target app{.is_base = false, .name = "app"};
  CHECK_THROWS_AS(summary_answer(app, snapshot, 24h * 365, begin + 100'000s, 1s), Refusal);
  CHECK(json_of(summary_answer(app, snapshot, 99'999s, begin + 100'000s,
                               1s))["figures"]["cpu_percent"]["count"]
            .GetInt() == 100'000);
}

TEST_CASE("a summary tells how figures were distributed over the window") {
  RecordedSamples world;
  for (int i = 1; i <= 100; ++i) world.add("app-1", sample(1s * i, i, 1));
  world.add("app-2", sample(100s, 500, 1));
  const Snapshot snapshot = world.registry.snapshot();
  const Timestamp now = begin + 100s;
  const rapidjson::Document one =
      json_of(summary_answer({.is_base = false, .name = "app-1"}, snapshot, 99s, now, 1s));
  CHECK(one["window_seconds"].GetDouble() == 99);
  const auto& cpu = one["figures"]["cpu_percent"];
  CHECK(cpu["count"].GetInt() == 100);
  CHECK(cpu["min"].GetDouble() == 1);
  CHECK(cpu["max"].GetDouble() == 100);
  CHECK(cpu["avg"].GetDouble() == 50.5);
  CHECK(cpu["p50"].GetDouble() == 50);
  CHECK(cpu["p95"].GetDouble() == 95);
  CHECK(cpu["p99"].GetDouble() == 99);
  CHECK_FALSE(one["figures"].HasMember("num_fds"));
  const rapidjson::Document base =
      json_of(summary_answer({.is_base = true, .name = "app"}, snapshot, 10s, now, 1s));
  CHECK(base["figures"]["cpu_percent"]["count"].GetInt() == 12);
  CHECK(base["figures"]["cpu_percent"]["max"].GetDouble() == 500);
  CHECK_THROWS_AS(summary_answer({.is_base = false, .name = "x"}, snapshot, 1s, now, 1s), Refusal);
}

TEST_CASE("a summary of many samples is prepared in its turn, and is the same as at once") {
  RecordedSamples world(50'000);
  for (int i = 0; i < 40'000; ++i) world.record("app", sample(1s * i, i % 1009, 1));
  world.registry.tick();
  const Snapshot snapshot = world.registry.snapshot();
  const Target app{.is_base = false, .name = "app"};
  const auto turns = std::make_shared<Turns>();
  const auto summary = [&](std::chrono::milliseconds window) {
    return summary_answer(app, snapshot, window, begin + 39'999s, 1s, turns);
  };
  auto other = Turns::join(turns);
  CHECK_FALSE(summary(10'000s).source);  // a short one does not wait
  const HttpAnswer answer = summary(40'000s);
  REQUIRE(answer.source);
  std::string text;
  CHECK(answer.source(text) == PullResult::later);
  CHECK(answer.source(text) == PullResult::later);
  CHECK(text.empty());
  other.reset();
  const rapidjson::Document document = json_of(answer);
  const auto& cpu = document["figures"]["cpu_percent"];
  CHECK(cpu["count"].GetInt() == 40'000);
  std::vector<double> values;
  for (int i = 0; i < 40'000; ++i) values.push_back(i % 1009);
  std::sort(values.begin(), values.end());
  CHECK(cpu["min"].GetDouble() == 0);
  CHECK(cpu["max"].GetDouble() == 1008);
  CHECK(cpu["p50"].GetDouble() == nearest_rank(values, 0.50));
  CHECK(cpu["p95"].GetDouble() == nearest_rank(values, 0.95));
  CHECK(cpu["p99"].GetDouble() == nearest_rank(values, 0.99));
}

TEST_CASE("a group of long histories is prepared in its turn and sent in pieces") {
  RecordedSamples world(10'000);
  for (const char* name : {"app-1", "app-2"}) {
    for (int i = 0; i < 10'000; ++i) world.record(name, sample(1s * i, 1, 1));
  }
  world.registry.tick();
  const auto turns = std::make_shared<Turns>();
  auto other = Turns::join(turns);
  HistoryQuery query;
  query.limit = GENERATE(UINT64_MAX, 9000U);
  const HttpAnswer answer =
      group_history_answer("app", world.registry.snapshot(), query, 1s, turns);
  REQUIRE(answer.source);
  std::string text;
  CHECK(answer.source(text) == PullResult::later);
  other.reset();
  rapidjson::Document document;
  document.Parse(text_of(answer, std::size_t{32} * 1024).c_str());
  REQUIRE_FALSE(document.HasParseError());
  REQUIRE(document["history"].Size() == std::min<std::uint64_t>(query.limit, 10'000));
  for (const auto& row : document["history"].GetArray()) {
    if (row["total_cpu"].GetDouble() != 2) FAIL_CHECK("an instance is missing");
  }
}

TEST_CASE("a summary of very many instances looks at few samples of each") {
  RecordedSamples world(1000);
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "app-" + std::to_string(i);
    for (int second = 0; second < 40; ++second) world.record(name, sample(1s * second, 1, 1));
  }
  world.registry.tick();
  const rapidjson::Document summary = json_of(summary_answer(
      {.is_base = true, .name = "app"}, world.registry.snapshot(), 9s, begin + 39s, 1s));
  CHECK(summary["figures"]["cpu_percent"]["count"].GetInt() == 20'000);
}
