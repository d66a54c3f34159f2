#include "daemon/cli/top/history_queue.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

using provisr::daemon::histories_a_round;
using provisr::daemon::HistoryQueue;
using Names = std::vector<std::string>;

namespace {

[[nodiscard]] std::set<std::string> numbered(std::size_t begin, std::size_t end) {
  std::set<std::string> names;
  for (std::size_t i = begin; i < end; ++i) names.insert("app-" + std::to_string(1000 + i));
  return names;
}

}  // namespace

TEST_CASE("histories on the screen come first, and each is asked for once") {
  HistoryQueue queue;
  queue.list({"a", "b", "c", "not valid"});
  queue.show({"b", "not valid"});
  CHECK(queue.is_urgent());
  CHECK(queue.next() == Names{"b", "a", "c"});
  CHECK_FALSE(queue.is_urgent());
  queue.show({"a", "b"});
  queue.list({"a", "b", "c"});
  CHECK_FALSE(queue.is_urgent());
  CHECK(queue.next().empty());
}

TEST_CASE("a round has a bound, and the next one goes on") {
  HistoryQueue queue;
  queue.list(numbered(0, 2 * histories_a_round + 1));
  CHECK(queue.next().size() == histories_a_round);
  CHECK(queue.next().size() == histories_a_round);
  CHECK(queue.next().size() == 1);
  CHECK(queue.next().empty());
}

TEST_CASE("histories whose request failed are asked for again, behind the others, without haste") {
  HistoryQueue queue;
  queue.list({"a", "b"});
  queue.show({"b"});
  queue.put_back(queue.next());
  queue.show({"a", "b"});
  CHECK_FALSE(queue.is_urgent());
  queue.list({"a", "b", "c"});
  CHECK(queue.next() == Names{"c", "b", "a"});
  CHECK(queue.next().empty());
}

TEST_CASE("names that come and go take no memory, and are asked for when they come back") {
  HistoryQueue queue;
  queue.list(numbered(0, 40));
  const std::size_t size = queue.size();
  for (std::size_t i = 1; i < 100; ++i) {
    const auto names = numbered(40 * i, 40 * (i + 1));
    queue.put_back(queue.next());
    queue.show(Names(names.begin(), names.end()));
    queue.list(names);
  }
  CHECK(queue.size() <= 2 * size);
  queue.list({"a"});
  CHECK(queue.next() == Names{"a"});
  queue.list({});
  queue.list({"a"});
  CHECK(queue.next() == Names{"a"});
  queue.list({});
  CHECK(queue.size() == 0);
}
