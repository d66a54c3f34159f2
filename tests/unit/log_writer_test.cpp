#include "daemon/base/log_writer.hpp"

#include "support/eventually.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace provisr::daemon;
using provisr::test::eventually;
using Lines = std::vector<std::string>;

namespace {

/// The reader of a log, which can stall and can fail. Shared with the writer's thread, which may
/// outlive the writer.
class Reader {
 public:
  [[nodiscard]] bool take(std::string_view record) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_stalled_; });
    if (fails_) return false;
    lines_.emplace_back(record);
    return true;
  }

  void stall(bool is_stalled) {
    const std::lock_guard lock(mutex_);
    is_stalled_ = is_stalled;
    changed_.notify_all();
  }
  void fail(bool fails) {
    const std::lock_guard lock(mutex_);
    fails_ = fails;
  }
  [[nodiscard]] int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  [[nodiscard]] Lines lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Lines lines_;
  int asked_ = 0;
  bool is_stalled_ = false;
  bool fails_ = false;
};

LogWriter::Write to(const std::shared_ptr<Reader>& reader) {
  return [reader](std::string_view record) { return reader->take(record); };
}

bool tells_of(const std::string& line, int count) {
  return line.find(fmt::format("WARN log: {} records were dropped", count)) != std::string::npos;
}

}  // namespace

TEST_CASE("what is queued is written, in order, when a writer ends") {
  const auto reader = std::make_shared<Reader>();
  {
    LogWriter writer(to(reader));
    for (int i = 0; i < 100; ++i) writer.write(fmt::format("{}\n", i));
  }
  REQUIRE(eventually([&] { return reader->lines().size() == 100; }));
  CHECK(reader->lines().front() == "0\n");
  CHECK(reader->lines().back() == "99\n");
}

TEST_CASE("a stalled reader holds up nobody; what does not fit is dropped, counted and told") {
  const auto reader = std::make_shared<Reader>();
  const std::string record(100, 'x');  // about as long as the report about dropped records
  LogWriter writer(to(reader), 3 * record.size());
  const Log log(LogLevel::info, writer);
  reader->stall(true);
  for (int i = 0; i < 10; ++i) writer.write(record);
  CHECK(writer.dropped() == 7);
  CHECK(log.dropped() == 7);
  CHECK(reader->lines().empty());

  reader->stall(false);
  REQUIRE(eventually([&] { return reader->lines().size() == 4; }));
  CHECK(tells_of(reader->lines()[3], 7));
  writer.write("again\n");
  REQUIRE(eventually([&] { return reader->lines().size() == 5; }));
  CHECK(reader->lines()[4] == "again\n");
  CHECK(writer.dropped() == 7);
}

TEST_CASE("a writer's end does not wait for a stalled reader") {
  const auto reader = std::make_shared<Reader>();
  reader->stall(true);
  {
    LogWriter writer(to(reader));
    writer.write("x\n");
    REQUIRE(eventually([&] { return reader->asked() == 1; }));
  }
  CHECK(reader->lines().empty());
  reader->stall(false);
  CHECK(eventually([&] { return reader->lines() == Lines{"x\n"}; }));
}

TEST_CASE("the report about dropped records has the format of the others") {
  const auto reader = std::make_shared<Reader>();
  LogWriter writer(to(reader), 250, LogFormat::journal);
  const Log log(LogLevel::info, writer);
  reader->stall(true);
  for (int i = 0; i < 3; ++i) writer.write(std::string(100, 'x'));
  reader->stall(false);
  REQUIRE(eventually([&] { return reader->lines().size() == 3; }));
  CHECK(reader->lines()[2].starts_with("<4>log: 1 records were dropped"));
  log.info("again");
  REQUIRE(eventually([&] { return reader->lines().size() == 4; }));
  CHECK(reader->lines()[3] == "<6>again\n");
}

TEST_CASE("records that cannot be written are dropped, and told of when they can be again") {
  const auto reader = std::make_shared<Reader>();
  LogWriter writer(to(reader));
  reader->fail(true);
  writer.write("lost\n");
  REQUIRE(eventually([&] { return writer.dropped() == 1; }));
  writer.write("lost, too\n");  // as is the report about the first
  REQUIRE(eventually([&] { return writer.dropped() == 2; }));
  reader->fail(false);
  writer.write("written\n");
  REQUIRE(eventually([&] { return reader->lines().size() == 2; }));
  CHECK(tells_of(reader->lines()[0], 2));
  CHECK(reader->lines()[1] == "written\n");
  CHECK(writer.dropped() == 2);
}

TEST_CASE("records of several threads do not mix, and keep their order") {
  constexpr std::size_t thread_count = 4;
  constexpr std::size_t records_each = 500;
  const auto reader = std::make_shared<Reader>();
  {
    LogWriter writer(to(reader));
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < thread_count; ++number) {
      threads.emplace_back([&writer, number] {
        for (std::size_t i = 0; i < records_each; ++i)
          writer.write(fmt::format("{} {}", number, i));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::vector<std::size_t> next(thread_count);
  CHECK(eventually([&] { return reader->lines().size() == thread_count * records_each; }));
  for (const std::string& line : reader->lines()) {
    std::size_t number = 0;
    std::size_t record = 0;
    REQUIRE(std::sscanf(line.c_str(), "%zu %zu", &number, &record) == 2);
    REQUIRE(record == next.at(number)++);
  }
}
