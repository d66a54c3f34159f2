#include "daemon/platform/patient_caller.hpp"

#include "support/eventually.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

using Caller = PatientCaller<int, std::string>;

/// Things of which some block those who read them.
class BlockingThings {
 public:
  [[nodiscard]] Caller::Function reader() {
    return [this](int key) {
      std::unique_lock lock(mutex_);
      ++reads_;
      ++begun_;
      changed_.wait(lock, [&] { return !blocking_.contains(key); });
      --reads_;
      changed_.notify_all();
      return "of " + std::to_string(key);
    };
  }
  ~BlockingThings() {
    std::unique_lock lock(mutex_);
    blocking_.clear();
    changed_.notify_all();
    changed_.wait(lock, [&] { return reads_ == 0; });
  }
  [[nodiscard]] std::size_t under_way() {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  [[nodiscard]] int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  void block(std::set<int> keys) {
    const std::lock_guard lock(mutex_);
    blocking_ = std::move(keys);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> blocking_;
  std::size_t reads_ = 0;  ///< in progress
  int begun_ = 0;
};

/// 0 stands for a key that could not be read.
[[nodiscard]] std::vector<std::string> texts(std::vector<int> keys) {
  std::vector<std::string> all;
  for (const int key : keys) all.push_back(key == 0 ? "" : "of " + std::to_string(key));
  return all;
}

[[nodiscard]] std::vector<int> numbers_up_to(int last) {
  std::vector<int> numbers;
  for (int number = 1; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

}  // namespace

TEST_CASE("a call that blocks keeps none of the others waiting") {
  BlockingThings things;
  Caller caller(things.reader(), 500ms, 8);
  CHECK(caller.of(std::vector<int>()).empty());
  things.block({2, 4});
  CHECK(caller.of({1, 2, 3, 4, 5}) == texts({1, 0, 3, 0, 5}));
  const int begun = things.begun();
  CHECK(caller.of({4, 2}) == texts({0, 0}));
  CHECK(things.begun() == begun);  // what blocks is not called again
  CHECK(caller.of({1, 2, 3, 4, 5}) == texts({1, 0, 3, 0, 5}));
  things.block({});
  CHECK(eventually([&] { return caller.of({1, 2, 4}) == texts({1, 2, 4}); }));
}

TEST_CASE("no more calls block than allowed, and none is lost") {
  constexpr std::size_t most = 8;
  BlockingThings things;
  Caller caller(things.reader(), 8ms, most);
  const std::vector<int> keys = numbers_up_to(20);
  things.block({keys.begin(), keys.end()});
  // Not at once: a worker that is replaced before it begins to read does not block.
  CHECK(eventually([&] {
    CHECK(caller.of(keys) == std::vector<std::string>(keys.size()));
    return things.under_way() == most;
  }));
  CHECK(caller.of(100).empty());
  things.block({});
  CHECK(eventually([&] { return caller.of(keys) == texts(keys); }));
}

TEST_CASE("a call that fails for want of memory has no result") {
  Caller caller([](int key) { return key == 2 ? throw std::bad_alloc() : std::to_string(key); },
                10s, 8);
  CHECK(caller.of({1, 2, 3}) == std::vector<std::string>{"1", "", "3"});
}

TEST_CASE("calls that are slow without being blocked are given up in the end") {
  std::mutex mutex;
  int calls = 0;
  Caller caller(
      [&](int key) {
        std::this_thread::sleep_for(15ms);
        const std::lock_guard lock(mutex);
        ++calls;
        return std::to_string(key);
      },
      20ms, 8);
  const std::vector<int> keys = numbers_up_to(10'000);  // minutes
  CHECK(caller.of(keys).back().empty());
  CHECK(eventually([&] { return caller.of(1) == "1"; }));
  const std::lock_guard lock(mutex);
  CHECK(calls < 1'000);
}
