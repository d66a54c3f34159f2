#include "daemon/base/log.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace provisr::daemon;
using namespace std::chrono_literals;

namespace {

constexpr auto moment =
    std::chrono::sys_days(std::chrono::year(2025) / 1 / 27) + 10h + 30min + 45s + 123ms;

/// An unbuffered file, as standard error is.
class Stream {
 public:
  Stream() : file_(std::tmpfile(), &std::fclose) {
    REQUIRE(file_ != nullptr);
    REQUIRE(std::setvbuf(file_.get(), nullptr, _IONBF, 0) == 0);
  }

  [[nodiscard]] std::FILE* get() const { return file_.get(); }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::rewind(file_.get());
    std::vector<std::string> lines(1);
    for (int character = std::fgetc(get()); character != EOF; character = std::fgetc(get())) {
      if (character == '\n') {
        lines.emplace_back();
      } else {
        lines.back() += static_cast<char>(character);
      }
    }
    CHECK(lines.back().empty());  // the last record ended its line
    lines.pop_back();
    return lines;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// What follows the time stamp.
std::string behind_time(const std::string& line) {
  return line.substr(std::string_view("2025-01-27T10:30:45.123Z ").size());
}

}  // namespace

TEST_CASE("a record has a UTC time stamp with milliseconds, a level and the message") {
  CHECK(format_record(LogLevel::info, "my-app-1: started, pid 4711", moment) ==
        "2025-01-27T10:30:45.123Z INFO my-app-1: started, pid 4711\n");
  CHECK(format_record(LogLevel::debug, "", std::chrono::sys_days{} + 999us) ==
        "1970-01-01T00:00:00.000Z DEBUG \n");
  CHECK(format_record(LogLevel::warn, "x", moment - 123ms) == "2025-01-27T10:30:45.000Z WARN x\n");
  CHECK(format_record(LogLevel::error, "x", moment) == "2025-01-27T10:30:45.123Z ERROR x\n");
}

TEST_CASE("a record is one line whatever the message holds") {
  CHECK(format_record(LogLevel::info, "a\nb\r\x1b[31m\tc", moment) ==
        "2025-01-27T10:30:45.123Z INFO a\\nb\\r\\x1b[31m\\tc\n");
}

TEST_CASE("levels are read by name") {
  CHECK(parse_log_level("debug") == LogLevel::debug);
  CHECK(parse_log_level("info") == LogLevel::info);
  CHECK(parse_log_level("warn") == LogLevel::warn);
  CHECK(parse_log_level("error") == LogLevel::error);
  CHECK_FALSE(parse_log_level("INFO").has_value());
  CHECK_FALSE(parse_log_level("").has_value());
}

TEST_CASE("records below the least level are not written") {
  const Stream stream;
  const Log log(LogLevel::warn, stream.get());
  CHECK_FALSE(log.enabled(LogLevel::info));
  CHECK(log.enabled(LogLevel::warn));
  log.debug("debug {}", 1);
  log.info("info {}", 2);
  log.warn("warn {}", 3);
  log.error("error {}", 4);
  log.write(LogLevel::info, "info");

  const auto lines = stream.lines();
  REQUIRE(lines.size() == 2);
  CHECK(behind_time(lines[0]) == "WARN warn 3");
  CHECK(behind_time(lines[1]) == "ERROR error 4");
}

TEST_CASE("records carry the present time") {
  const Stream stream;
  const auto before = format_record(LogLevel::info, "x", std::chrono::system_clock::now());
  Log(LogLevel::info, stream.get()).info("x");
  const auto after = format_record(LogLevel::info, "x", std::chrono::system_clock::now());
  const auto lines = stream.lines();
  REQUIRE(lines.size() == 1);
  CHECK(before <= lines[0] + "\n");
  CHECK(lines[0] + "\n" <= after);
}

TEST_CASE("records of several threads do not mix") {
  constexpr std::size_t thread_count = 4;
  constexpr std::size_t records_each = 500;
  const Stream stream;
  const Log log(LogLevel::info, stream.get());
  const std::string filling(200, '.');
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  for (std::size_t number = 0; number < thread_count; ++number) {
    threads.emplace_back([&, number] {
      for (std::size_t record = 0; record < records_each; ++record) {
        log.info("thread {} record {} {}", number, record, filling);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<std::size_t> next(thread_count);
  const auto lines = stream.lines();
  CHECK(lines.size() == thread_count * records_each);
  for (const std::string& line : lines) {
    std::size_t number = 0;
    std::size_t record = 0;
    const std::string text = behind_time(line);
    REQUIRE(std::sscanf(text.c_str(), "INFO thread %zu record %zu ", &number, &record) == 2);
    REQUIRE(text == fmt::format("INFO thread {} record {} {}", number, record, filling));
    REQUIRE(record == next.at(number)++);
  }
}
