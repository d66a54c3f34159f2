#include "daemon/api/history.hpp"
#include "daemon/api/parameters.hpp"
#include "support/answer_text.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

struct Samples {
  explicit Samples(std::size_t capacity) : history(std::make_shared<History>(capacity)) {}

  void push(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      ProcessMetrics sample;
      sample.pid = static_cast<ProcessId>(++pushed);
      history->push(sample);
    }
  }

  /// Pushes samples with the times of a clock that is set back or forward from time to time.
  void push_stepped(std::uint64_t count, std::minstd_rand& random) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (random() % 50 == 0) time += std::chrono::seconds(static_cast<int>(random() % 200) - 100);
      ProcessMetrics sample;
      sample.pid = static_cast<ProcessId>(++pushed);
      sample.timestamp = time += std::chrono::seconds(1);
      history->push(sample);
    }
  }

  [[nodiscard]] HttpAnswer answer(const HistoryQuery& query = {}) const {
    return history_answer("app", HistoryView(history, history->pushed()), query);
  }
  [[nodiscard]] HttpAnswer answer(const HistoryQuery& query,
                                  const std::shared_ptr<Turns>& turns) const {
    return history_answer("app", HistoryView(history, history->pushed()), query, turns);
  }
  /// Pushes samples of one a second.
  void push_seconds(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      ProcessMetrics sample;
      sample.pid = static_cast<ProcessId>(++pushed);
      sample.timestamp = Timestamp(std::chrono::seconds(pushed));
      sample.cpu_percent = static_cast<double>(pushed % 1009);
      history->push(sample);
    }
  }

  Timestamp time{};

  std::shared_ptr<History> history;
  std::uint64_t pushed = 0;
};

/// Returns the numbers of an answer's samples, which are their PIDs.
[[nodiscard]] std::vector<int> numbers_in(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  REQUIRE_FALSE(document.HasParseError());
  REQUIRE(document.MemberCount() == 2);
  CHECK(document["process"] == "app");
  std::vector<int> numbers;
  for (const auto& sample : document["history"].GetArray()) {
    CHECK(sample["name"] == "app");
    numbers.push_back(sample["pid"].GetInt());
  }
  return numbers;
}

/// Returns the numbers of the newest samples in the range.
[[nodiscard]] std::vector<int> expected_numbers(const Samples& samples, const HistoryQuery& query) {
  std::vector<int> numbers;
  for (const ProcessMetrics& sample : samples.history->read()) {
    if (query.range.contains(sample.timestamp)) numbers.push_back(static_cast<int>(sample.pid));
  }
  if (numbers.size() <= query.limit) return numbers;
  return {numbers.end() - static_cast<std::ptrdiff_t>(query.limit), numbers.end()};
}

[[nodiscard]] std::vector<int> from_to(int first, int last) {
  std::vector<int> numbers;
  for (int number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

}  // namespace

TEST_CASE("a short history is one text") {
  const auto count = GENERATE(0U, 1U, 255U, 256U);
  Samples samples(1000);
  samples.push(count);
  const HttpAnswer answer = samples.answer();
  CHECK_FALSE(answer.source);
  CHECK(answer.content_type == "application/json");
  CHECK(numbers_in(*answer.body) == from_to(1, static_cast<int>(count)));
}

TEST_CASE("a long history is made in pieces of bounded size, oldest first") {
  const auto count = GENERATE(257U, 512U, 5000U, 12'345U);
  Samples samples(5000);
  samples.push(count);
  const HttpAnswer answer = samples.answer();
  REQUIRE(answer.source);
  std::string text;
  std::size_t longest = 0;
  for (PullResult pulled = PullResult::piece; pulled == PullResult::piece;) {
    std::string piece;
    pulled = answer.source(piece);
    longest = std::max(longest, piece.size());
    text += piece;
  }
  CHECK(longest < 100'000);
  const int last = static_cast<int>(count);
  CHECK(numbers_in(text) == from_to(std::max(1, last - 4999), last));
}

TEST_CASE("samples that are overwritten while a history is sent are left out") {
  Samples samples(1000);
  samples.push(1000);
  const HttpAnswer answer = samples.answer();
  std::string text;
  REQUIRE(answer.source(text) == PullResult::piece);
  samples.push(GENERATE(600U, 100'000U));
  const int first_left = samples.pushed > 2000 ? 1001 : 601;
  for (PullResult pulled = PullResult::piece; pulled == PullResult::piece;)
    pulled = answer.source(text);
  std::vector<int> expected = from_to(1, 256);
  for (const int number : from_to(first_left, 1000)) expected.push_back(number);
  CHECK(numbers_in(text) == expected);
}

TEST_CASE("a history that is being sent outlives its registry") {
  auto samples = std::make_unique<Samples>(1000);
  samples->push(300);
  const HttpAnswer answer = samples->answer();
  samples.reset();
  std::string text;
  while (answer.source(text) == PullResult::piece) {
  }
  CHECK(numbers_in(text) == from_to(1, 300));
}

TEST_CASE("limit is exact within any range, also if the clock was stepped") {
  std::minstd_rand random(1);
  for (int round = 0; round < 60; ++round) {
    Samples samples(1 + random() % 40'000);
    samples.push_stepped(random() % 60'000, random);
    const std::vector<ProcessMetrics> all = samples.history->read();
    const auto some_time = [&]() -> Timestamp {
      if (all.empty()) return {};
      return all[random() % all.size()].timestamp;
    };
    HistoryQuery query;
    query.limit = 1 + random() % (round % 2 == 0 ? 5 : 50'000);
    if (random() % 3 != 0) query.range.until = some_time();
    if (random() % 3 != 0) query.range.since = some_time();
    CHECK(numbers_in(text_of(samples.answer(query), 100'000)) == expected_numbers(samples, query));
  }
}

TEST_CASE("the edges of limit and until hold: since is in, until is not") {
  Samples samples(40'000);
  for (int i = 0; i < 40'000; ++i) {
    ProcessMetrics sample;
    sample.pid = static_cast<ProcessId>(++samples.pushed);
    sample.timestamp = Timestamp(std::chrono::seconds(samples.pushed));
    samples.history->push(sample);
  }
  const auto numbers = [&](int since, int until, std::uint64_t limit) {
    HistoryQuery query;
    query.range = {Timestamp(std::chrono::seconds(since)), Timestamp(std::chrono::seconds(until))};
    query.limit = limit;
    return numbers_in(text_of(samples.answer(query), 100'000));
  };
  CHECK(numbers(1, 3, 1) == std::vector<int>{2});
  CHECK(numbers(1, 2, 5) == std::vector<int>{1});
  CHECK(numbers(2, 2, 5).empty());
  CHECK(numbers(0, 40'001, 2) == std::vector<int>{39'999, 40'000});
  CHECK(numbers(0, 23'616, 2) == std::vector<int>{23'614, 23'615});  // at the end of a slice
  CHECK(numbers(0, 23'617, 2) == std::vector<int>{23'615, 23'616});
  CHECK(numbers(0, 23'618, 2) == std::vector<int>{23'616, 23'617});
  CHECK(numbers(0, 30'000, 29'999) == from_to(1, 29'999));
  CHECK(numbers(50'000, 60'000, 3).empty());
}

TEST_CASE("samples that are overwritten while their place is searched are left out") {
  Samples samples(40'000);
  std::minstd_rand random(1);
  samples.push_stepped(40'000, random);
  HistoryQuery query;
  query.limit = 39'999;
  query.range.since = Timestamp::min() + std::chrono::seconds(1);
  const HttpAnswer answer = samples.answer(query);
  REQUIRE(answer.source);
  std::string text;
  REQUIRE(answer.source(text) == PullResult::piece);
  samples.push_stepped(30'000, random);
  while (answer.source(text) == PullResult::piece) {
  }
  CHECK(numbers_in(text) == from_to(30'001, 40'000));
}

TEST_CASE("steps are bounded, whatever the clock has done") {
  Samples samples(30'000);
  for (int i = 0; i < 30'000; ++i) {
    ProcessMetrics sample;
    // The times of the first and the last sample are close, as if the clock was wrong in between.
    sample.timestamp = Timestamp(std::chrono::seconds(i < 29'999 ? i : 1));
    samples.history->push(sample);
  }
  HistoryQuery query;
  query.step = std::chrono::seconds(1);
  rapidjson::Document document;
  document.Parse(text_of(samples.answer(query)).c_str());
  REQUIRE(document["history"].Size() == max_steps);
  const std::string first = document["history"][0]["timestamp"].GetString();
  CHECK(first.starts_with("1970-01-01T05:33:19"));  // the newest steps
}

namespace {

/// The percentiles of steps that are so long that they need memory.
[[nodiscard]] HistoryQuery long_percentiles() {
  HistoryQuery query;
  query.step = std::chrono::hours(24);
  query.aggregate = Aggregate::p95;
  return query;
}

/// Asks a source until it has a piece or has come to its end. Returns how often it had nothing.
int ask_until_piece(const HttpAnswer& answer, std::string& text) {
  int asked = 0;
  while (answer.source(text) == PullResult::later) {
    CHECK(text.empty());
    if (++asked > 10'000) FAIL("its turn does not come");
  }
  return asked;
}

}  // namespace

TEST_CASE("answers that need much memory are prepared one after the other") {
  Samples samples(100'000);
  samples.push_seconds(100'000);
  const auto turns = std::make_shared<Turns>();
  int woken = 0;
  const Turns::Waker waker(turns, [&] { ++woken; });
  const HttpAnswer first = samples.answer(long_percentiles(), turns);
  HttpAnswer second = samples.answer(long_percentiles(), turns);
  HttpAnswer third = samples.answer(long_percentiles(), turns);
  std::string text;
  CHECK(second.source(text) == PullResult::later);
  CHECK(woken == 0);  // it can only wait
  CHECK(first.source(text) == PullResult::later);
  CHECK(woken == 1);  // it works and wants to go on
  CHECK(third.source(text) == PullResult::later);

  SECTION("the turn ends before the text begins, so nobody can hold it by reading nothing") {
    std::string of_first;
    CHECK(ask_until_piece(first, of_first) > 1);
    std::string of_second;
    CHECK(ask_until_piece(second, of_second) > 1);
    CHECK(of_second == of_first);
  }
  SECTION("who leaves gives the turn and the place back") {
    const int before = woken;
    second.source = nullptr;
    CHECK(woken > before);
    CHECK(third.source(text) == PullResult::later);
    std::string of_first;
    static_cast<void>(ask_until_piece(first, of_first));
    std::string of_third;
    CHECK(ask_until_piece(third, of_third) > 1);
    CHECK(of_third == of_first);
  }
}

TEST_CASE("what needs little memory waits for nobody") {
  Samples samples(100'000);
  samples.push_seconds(100'000);
  const auto turns = std::make_shared<Turns>();
  const auto working = Turns::join(turns);
  HistoryQuery query = long_percentiles();
  query.aggregate = Aggregate::average;
  CHECK(text_of(samples.answer(query, turns)).find("cpu_percent") != std::string::npos);
  Samples few(100);
  few.push_seconds(100);
  CHECK(text_of(few.answer(long_percentiles(), turns)).find("cpu_percent") != std::string::npos);
}

TEST_CASE("a queue for memory is bounded") {
  Samples samples(20'000);
  samples.push_seconds(20'000);
  const auto turns = std::make_shared<Turns>();
  std::vector<HttpAnswer> waiting;
  for (std::size_t i = 0; i < Turns::most_waiting; ++i) {
    waiting.push_back(samples.answer(long_percentiles(), turns));
  }
  CHECK_THROWS_AS(samples.answer(long_percentiles(), turns), Refusal);
}

TEST_CASE("the percentile of a long step is exact") {
  Samples samples(100'000);
  samples.push_seconds(100'000);
  std::vector<double> values;
  for (const ProcessMetrics& sample : samples.history->read()) {
    if (step_of(sample.timestamp, std::chrono::hours(24)) == Timestamp()) {
      values.push_back(*sample.cpu_percent);
    }
  }
  std::sort(values.begin(), values.end());
  rapidjson::Document document;
  document.Parse(text_of(samples.answer(long_percentiles())).c_str());
  REQUIRE(document["history"].Size() == 2);
  CHECK(document["history"][0]["samples"].GetUint() == values.size());
  CHECK(document["history"][0]["cpu_percent"].GetDouble() == nearest_rank(values, 0.95));
}

TEST_CASE("a long answer in steps is made in pieces of bounded size") {
  Samples samples(10'000);
  samples.push_seconds(10'000);
  HistoryQuery query;
  query.step = std::chrono::seconds(1);
  query.aggregate = GENERATE(Aggregate::average, Aggregate::p95);
  query.limit = GENERATE(UINT64_MAX, 9000U);
  const std::string text = text_of(samples.answer(query), std::size_t{32} * 1024);
  rapidjson::Document document;
  document.Parse(text.c_str());
  REQUIRE_FALSE(document.HasParseError());
  CHECK(document["history"].Size() == std::min<std::uint64_t>(query.limit, 10'000));
}

TEST_CASE("samples that are overwritten while steps are made are left out") {
  Samples samples(40'000);
  samples.push_seconds(40'000);
  HistoryQuery query = long_percentiles();
  query.step = std::chrono::seconds(10);
  query.limit = GENERATE(UINT64_MAX, 3000U);
  const HttpAnswer answer = samples.answer(query);
  std::string text;
  CHECK(answer.source(text) == PullResult::later);
  samples.push_seconds(20'000);
  while (answer.source(text) != PullResult::end) {
  }
  rapidjson::Document document;
  document.Parse(text.c_str());
  REQUIRE_FALSE(document.HasParseError());
  std::size_t left = 0;
  for (const auto& row : document["history"].GetArray()) left += row["samples"].GetUint();
  CHECK(left <= 20'000);
  CHECK(left >= 19'000);
}
