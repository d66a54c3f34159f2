#include <provisr/detail/holder_count.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

using provisr::detail::HolderCount;

TEST_CASE("what nobody holds is free, in whichever shard it was held", "[holder_count]") {
  HolderCount count;
  CHECK(count.is_zero());
  for (HolderCount::Shard shard = 0; shard < HolderCount::shard_count; ++shard) {
    count.add(shard);
    count.add(shard);
    CHECK_FALSE(count.remove(shard));
    CHECK_FALSE(count.is_zero());
    CHECK_FALSE(count.remove(shard));
    CHECK(count.is_zero());
  }
}

TEST_CASE("the owner is the last if nobody holds", "[holder_count]") {
  HolderCount count;
  count.add(3);
  CHECK_FALSE(count.remove(3));
  CHECK(count.retire());
}

TEST_CASE("a holder is the last once the owner has retired", "[holder_count]") {
  HolderCount count;
  count.add(0);
  count.add(0);
  count.add(5);
  CHECK_FALSE(count.retire());
  count.add(5);  // a copy
  CHECK_FALSE(count.remove(0));
  CHECK_FALSE(count.remove(5));
  CHECK_FALSE(count.remove(5));
  CHECK(count.remove(0));
}

TEST_CASE("of many threads exactly one is told that it was the last", "[holder_count]") {
  for (int round = 0; round < 200; ++round) {
    HolderCount count;
    std::atomic<int> told = 0;
    std::atomic<bool> begin = false;
    std::vector<std::thread> threads;
    for (HolderCount::Shard number = 0; number < 4; ++number) {
      const HolderCount::Shard shard = number / 2;
      count.add(shard);
      threads.emplace_back([&, shard] {
        while (!begin) std::this_thread::yield();
        count.add(shard);
        for (int i = 0; i < 2; ++i) {
          if (count.remove(shard)) ++told;
        }
      });
    }
    begin = true;
    if (count.retire()) ++told;
    for (std::thread& thread : threads) thread.join();
    REQUIRE(told == 1);
  }
}

TEST_CASE("a thread keeps to its shard, and threads are spread", "[holder_count]") {
  CHECK(HolderCount::shard_of_this_thread() == HolderCount::shard_of_this_thread());
  std::set<HolderCount::Shard> shards;
  std::atomic<int> started = 0;
  std::vector<HolderCount::Shard> found(64);
  std::vector<std::thread> threads;
  for (auto& shard : found) {
    threads.emplace_back([&] {
      shard = HolderCount::shard_of_this_thread();
      ++started;
      while (started < 64) std::this_thread::yield();  // all alive at once: 64 different threads
    });
  }
  for (std::thread& thread : threads) thread.join();
  shards.insert(found.begin(), found.end());
  CHECK(shards.size() > 1);
  CHECK(*shards.rbegin() < HolderCount::shard_count);
}
