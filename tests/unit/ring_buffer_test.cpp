#include <provisr/ring_buffer.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstddef>
#include <deque>
#include <random>
#include <utility>
#include <vector>

using provisr::RingBuffer;

namespace {

std::vector<int> in_order(const RingBuffer<int>& ring) {
  std::vector<int> elements;
  for (const auto span : ring.spans()) elements.insert(elements.end(), span.begin(), span.end());
  return elements;
}

RingBuffer<int> with_pushed(std::size_t capacity, int count) {
  RingBuffer<int> ring(capacity);
  for (int i = 0; i < count; ++i) ring.push(i);
  return ring;
}

void check_against(const std::deque<int>& model, const RingBuffer<int>& ring) {
  REQUIRE(ring.size() == model.size());
  REQUIRE(ring.empty() == model.empty());
  REQUIRE(ring.full() == (model.size() == ring.capacity()));
  REQUIRE(in_order(ring) == std::vector<int>(model.begin(), model.end()));
  for (std::size_t i = 0; i < model.size(); ++i) REQUIRE(ring[i] == model[i]);
  if (model.empty()) return;
  REQUIRE(ring.oldest() == model.front());
  REQUIRE(ring.newest() == model.back());
}

}  // namespace

TEST_CASE("a new ring buffer is empty", "[ring_buffer]") {
  const RingBuffer<int> ring(3);
  CHECK(ring.empty());
  CHECK_FALSE(ring.full());
  CHECK(ring.capacity() == 3);
  CHECK(in_order(ring).empty());
}

TEST_CASE("a full ring buffer overwrites the oldest", "[ring_buffer]") {
  CHECK(in_order(with_pushed(3, 3)) == std::vector{0, 1, 2});
  CHECK(in_order(with_pushed(3, 4)) == std::vector{1, 2, 3});
  CHECK(in_order(with_pushed(3, 302)) == std::vector{299, 300, 301});
}

TEST_CASE("the spans of a ring buffer are its two runs of storage", "[ring_buffer]") {
  const RingBuffer<int> ring = with_pushed(4, 6);
  const auto [first, second] = ring.spans();
  CHECK(std::vector(first.begin(), first.end()) == std::vector{2, 3});
  CHECK(std::vector(second.begin(), second.end()) == std::vector{4, 5});
  CHECK(with_pushed(4, 4).spans()[1].empty());
}

TEST_CASE("a ring buffer of one keeps the newest", "[ring_buffer]") {
  const RingBuffer<int> ring = with_pushed(1, 5);
  CHECK(ring.full());
  CHECK(ring.oldest() == 4);
  CHECK(ring.newest() == 4);
  CHECK(in_order(ring) == std::vector{4});
}

TEST_CASE("a moved ring buffer takes its elements along", "[ring_buffer]") {
  RingBuffer<int> source = with_pushed(3, 5);
  RingBuffer<int> made(std::move(source));
  CHECK(in_order(made) == std::vector{2, 3, 4});
  CHECK(source.empty());  // NOLINT(bugprone-use-after-move): promised to be empty
  CHECK(in_order(source).empty());

  RingBuffer<int> assigned = with_pushed(8, 2);
  assigned = std::move(made);
  CHECK(assigned.capacity() == 3);
  assigned.push(5);
  CHECK(in_order(assigned) == std::vector{3, 4, 5});
}

TEST_CASE("a ring buffer does what a bounded deque does", "[ring_buffer]") {
  const std::size_t capacity = GENERATE(1U, 2U, 3U, 7U, 16U, 100U);
  std::mt19937 random(20'250'127U + static_cast<unsigned>(capacity));
  RingBuffer<int> ring(capacity);
  std::deque<int> model;
  for (int step = 0; step < 600; ++step) {
    const auto dice = random() % 200;
    if (dice == 0) {
      ring.clear();
      model.clear();
    } else if (dice < 4) {
      RingBuffer<int> other(std::move(ring));
      ring = std::move(other);
    } else {
      if (model.size() == capacity) model.pop_front();
      model.push_back(step);
      ring.push(step);
    }
    check_against(model, ring);
  }
}
