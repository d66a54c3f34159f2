#include "daemon/api/history.hpp"

#include <provisr/history.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <rapidjson/document.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

using namespace provisr;
using namespace provisr::daemon;

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

  [[nodiscard]] HttpAnswer answer() const {
    return history_answer("app", HistoryView(history, history->pushed()));
  }

  std::shared_ptr<History> history;
  std::uint64_t pushed = 0;
};

/// The PIDs of an answer's samples, which number them.
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
  for (Pulled pulled = Pulled::piece; pulled == Pulled::piece;) {
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
  REQUIRE(answer.source(text) == Pulled::piece);
  samples.push(GENERATE(600U, 100'000U));
  const int first_left = samples.pushed > 2000 ? 1001 : 601;
  for (Pulled pulled = Pulled::piece; pulled == Pulled::piece;) pulled = answer.source(text);
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
  while (answer.source(text) == Pulled::piece) {
  }
  CHECK(numbers_in(text) == from_to(1, 300));
}
