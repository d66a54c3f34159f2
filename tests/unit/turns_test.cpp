#include "daemon/api/turns.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <memory>
#include <vector>

using namespace provisr::daemon;

namespace {

struct Queue {
  [[nodiscard]] std::shared_ptr<Turns::Place> join() const { return Turns::join(turns); }

  std::shared_ptr<Turns> turns = std::make_shared<Turns>();
  int woken = 0;
};

}  // namespace

TEST_CASE("turns come in the order of the queue, whoever leaves it") {
  const Queue queue;
  auto first = queue.join();
  auto second = queue.join();
  auto third = queue.join();
  auto fourth = queue.join();
  CHECK(first->has_come());
  CHECK_FALSE(second->has_come());
  second.reset();
  CHECK_FALSE(third->has_come());
  first.reset();
  CHECK(third->has_come());
  CHECK_FALSE(fourth->has_come());
  third.reset();
  CHECK(fourth->has_come());
}

TEST_CASE("who waits is woken when somebody leaves, and who works if it asks for that") {
  Queue queue;
  auto waker = std::make_unique<Turns::Waker>(queue.turns, [&] { ++queue.woken; });
  auto first = queue.join();
  auto second = queue.join();
  CHECK(queue.woken == 0);
  first->call_again();
  CHECK(queue.woken == 1);
  first.reset();
  CHECK(queue.woken == 2);
  second.reset();  // nobody waits any more
  CHECK(queue.woken == 2);
  auto third = queue.join();
  auto fourth = queue.join();
  waker.reset();
  third->call_again();
  third.reset();
  CHECK(queue.woken == 2);
}

TEST_CASE("only so many wait, and who leaves makes room") {
  const Queue queue;
  std::vector<std::shared_ptr<Turns::Place>> places;
  for (std::size_t i = 0; i < Turns::most_waiting; ++i) places.push_back(queue.join());
  CHECK(places.back());
  CHECK_FALSE(queue.join());
  places.pop_back();
  CHECK(queue.join());
}
