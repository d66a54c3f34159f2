#include "support/indexed_sample.hpp"

#include <provisr/history.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using provisr::Figure;
using provisr::heap_storage;
using provisr::History;
using provisr::HistoryShape;
using provisr::HistoryStorage;
using provisr::HistoryView;
using provisr::ProcessMetrics;
using provisr::SampleRows;
using provisr::test::index_of;
using provisr::test::indexed_sample;
using provisr::test::is_whole;

namespace {

void push_range(History& history, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i < last; ++i) history.push(indexed_sample(i));
}

std::vector<std::uint64_t> indices(const std::vector<ProcessMetrics>& samples) {
  std::vector<std::uint64_t> result;
  for (const ProcessMetrics& sample : samples) result.push_back(index_of(sample));
  return result;
}

std::vector<std::uint64_t> read_until(const History& history, std::uint64_t end) {
  std::vector<ProcessMetrics> samples;
  history.read_until(end, samples);
  return indices(samples);
}

using Indices = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a history keeps the latest samples in order", "[history]") {
  History history(3);
  CHECK(history.capacity() == 3);
  CHECK(history.read().empty());
  push_range(history, 0, 2);
  CHECK(indices(history.read()) == Indices{0, 1});
  push_range(history, 2, 8);
  CHECK(history.pushed() == 8);
  CHECK(indices(history.read()) == Indices{5, 6, 7});
}

TEST_CASE("a history of one keeps the newest", "[history]") {
  History history(1);
  push_range(history, 0, 5);
  CHECK(indices(history.read()) == Indices{4});
}

TEST_CASE("samples come out of a history as they went in", "[history]") {
  History history(2);
  const ProcessMetrics nothing_known;
  history.push(nothing_known);
  history.push(indexed_sample(12345));
  CHECK(history.read() == std::vector{nothing_known, indexed_sample(12345)});
}

TEST_CASE("an earlier end shows what is still there of the history then", "[history]") {
  History history(4);
  push_range(history, 0, 6);
  CHECK(read_until(history, 6) == Indices{2, 3, 4, 5});
  CHECK(read_until(history, 5) == Indices{2, 3, 4});
  CHECK(read_until(history, 3) == Indices{2});
  CHECK(read_until(history, 2).empty());
  CHECK(read_until(history, 0).empty());
}

TEST_CASE("a history appends to the samples that are there", "[history]") {
  History history(2);
  push_range(history, 1, 5);
  std::vector<ProcessMetrics> samples{indexed_sample(0)};
  history.read_until(history.pushed(), samples);
  CHECK(indices(samples) == Indices{0, 3, 4});
}

namespace {

/// The findings of concurrent readers. Atomics, because Catch2's macros are not thread-safe.
struct Findings {
  std::atomic<int> torn = 0;
  std::atomic<int> out_of_order = 0;
  std::atomic<int> beyond_the_end = 0;
  std::atomic<int> too_few = 0;
  std::atomic<int> overtaken = 0;  ///< reads that lost samples to the writer; not a fault
  std::atomic<std::uint64_t> samples = 0;
};

void inspect(const std::vector<ProcessMetrics>& samples, std::uint64_t end, Findings& findings) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!is_whole(samples[i])) ++findings.torn;
    if (i > 0 && index_of(samples[i]) != index_of(samples[i - 1]) + 1) ++findings.out_of_order;
  }
  if (!samples.empty() && index_of(samples.back()) + 1 != end) ++findings.beyond_the_end;
  findings.samples += samples.size();
}

/// Reads until the writer is done, and then once more.
void read_all_the_while(const History& history, const std::atomic<bool>& done, Findings& findings) {
  std::vector<ProcessMetrics> samples;
  for (bool is_last = false; !is_last;) {
    is_last = done.load();
    samples.clear();
    const std::uint64_t end = history.pushed();
    history.read_until(end, samples);
    inspect(samples, end, findings);
    if (samples.size() < std::min<std::uint64_t>(end, history.capacity())) ++findings.overtaken;
    if (is_last && samples.size() != history.capacity()) ++findings.too_few;
  }
}

}  // namespace

TEST_CASE("readers beside a writer get whole samples in order", "[history][concurrency]") {
  const std::size_t capacity = GENERATE(1U, 2U, 5U, 64U);
  History history(capacity);
  Findings findings;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] { read_all_the_while(history, done, findings); });
  }
  // Pushes until the readers have lost samples often enough, which does not take long.
  const auto end = std::chrono::steady_clock::now() + 5s;
  for (std::uint64_t next = 0; next < 20'000 || findings.overtaken < 500; next += 1000) {
    push_range(history, next, next + 1000);
    if (std::chrono::steady_clock::now() > end) break;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();

  CHECK(findings.torn == 0);
  CHECK(findings.out_of_order == 0);
  CHECK(findings.beyond_the_end == 0);
  CHECK(findings.too_few == 0);
  CHECK(findings.samples >= 3 * capacity);
}

TEST_CASE("bytes that become zeros under way can hold a new history", "[history]") {
  const HistoryShape shape{.name = "app", .capacity = 4};
  const HistoryStorage storage = heap_storage(shape);
  History history(shape, storage);
  push_range(history, 0, 6);
  const std::uint64_t end = history.pushed();
  std::ranges::fill(storage.bytes, std::byte{0});
  CHECK(read_until(history, end).empty());
  REQUIRE(history.is_lost());
  const auto next = history.renew();
  CHECK_FALSE(next->is_lost());
  push_range(*next, 6, 9);
  CHECK(next->pushed() == 3);
  CHECK(indices(next->read()) == Indices{6, 7, 8});
  push_range(*next, 9, 20);
  CHECK(read_until(history, end).empty());
}

TEST_CASE("a list of samples takes one of its own", "[history]") {
  SampleRows rows;
  const std::vector<Figure<std::uint64_t>> more(8, 7U);
  const ProcessMetrics sample = indexed_sample(1);
  rows.push_back({sample, more});
  for (int i = 0; i < 100; ++i) rows.push_back(rows[0]);
  REQUIRE(rows.size() == 101);
  CHECK(rows.more == std::vector<Figure<std::uint64_t>>(101 * 8, 7U));
  CHECK(rows[100].metrics.pid == rows[0].metrics.pid);
}

TEST_CASE("a history that nobody reads begins anew in place", "[history]") {
  History history(4);
  push_range(history, 0, 6);
  history.begin_anew();
  CHECK(history.pushed() == 0);
  CHECK(history.read().empty());
  push_range(history, 6, 9);
  CHECK(indices(history.read()) == Indices{6, 7, 8});
}

TEST_CASE("a renewed history is empty, and the one before it shows no sample of it", "[history]") {
  const HistoryShape shape{.name = "app", .capacity = 4};
  const HistoryStorage storage = heap_storage(shape);
  const auto history = std::make_shared<History>(shape, storage);
  push_range(*history, 0, 3);
  HistoryView view(history, 3);
  const auto next = history->renew();
  CHECK(next->capacity() == 4);
  CHECK(next->read().empty());
  for (std::uint64_t pushes = 0; pushes < 10; ++pushes) {
    CAPTURE(pushes);
    REQUIRE(read_until(*history, 3).empty());
    REQUIRE(history->read().empty());
    std::vector<ProcessMetrics> samples;
    HistoryView(view).read(3, samples);
    REQUIRE(samples.empty());
    next->push(indexed_sample(100 + pushes));
  }
  CHECK(indices(next->read()) == Indices{106, 107, 108, 109});
  CHECK(indices(History(shape, storage).read()) == Indices{106, 107, 108, 109});
}

TEST_CASE("readers of a history that is renewed all the time get whole samples in order",
          "[history][concurrency]") {
  constexpr std::size_t capacity = 16;
  auto history = std::make_shared<History>(capacity);
  std::mutex mutex;  // guards `history`, as a registry's lock does
  const auto current = [&] {
    const std::lock_guard lock(mutex);
    return std::pair(history, history->pushed());
  };
  Findings findings;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::vector<ProcessMetrics> samples;
    while (!done) {
      const auto held = current();
      for (int again = 0; again < 20; ++again) {
        samples.clear();
        held.first->read_until(held.second, samples);
        inspect(samples, samples.empty() ? 0 : index_of(samples.back()) + 1, findings);
        if (samples.size() > held.second) ++findings.beyond_the_end;
      }
    }
  });
  std::uint64_t pushed = 0;
  const auto end = std::chrono::steady_clock::now() + 5s;
  for (int round = 0; round < 3'000 || findings.samples < 1'000; ++round) {
    if (std::chrono::steady_clock::now() > end) break;
    const std::uint64_t first = std::exchange(pushed, pushed + capacity + capacity / 2);
    for (std::uint64_t i = first; i < pushed; ++i) {
      const std::lock_guard lock(mutex);
      history->push(indexed_sample(i));
    }
    const std::lock_guard lock(mutex);
    history = history->renew();
  }
  done = true;
  reader.join();
  CHECK(findings.torn == 0);
  CHECK(findings.out_of_order == 0);
  CHECK(findings.beyond_the_end == 0);
}
