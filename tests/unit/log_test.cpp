#include "daemon/base/log.hpp"

#include "support/log_capture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace provisr::daemon;
using provisr::test::LogCapture;
using namespace std::chrono_literals;

namespace {

constexpr auto moment =
    std::chrono::sys_days(std::chrono::year(2025) / 1 / 27) + 10h + 30min + 45s + 123ms;

/// Returns the text after the time stamp.
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

TEST_CASE("a record for the journal has its level as a number and no time") {
  const auto record = [](LogLevel level) {
    return format_record(level, "a\nb", moment, LogFormat::journal);
  };
  CHECK(record(LogLevel::debug) == "<7>a\\nb\n");
  CHECK(record(LogLevel::info) == "<6>a\\nb\n");
  CHECK(record(LogLevel::warn) == "<4>a\\nb\n");
  CHECK(record(LogLevel::error) == "<3>a\\nb\n");
  CHECK(format_lines(LogLevel::error, "x\ny\n", LogFormat::journal) == "<3>x\n<3>y\n");
  CHECK(format_lines(LogLevel::error, "x\n\ny", LogFormat::journal) == "<3>x\n<3>\n<3>y");
  CHECK(format_lines(LogLevel::error, "", LogFormat::journal).empty());
  CHECK(format_lines(LogLevel::error, "x\ny\n", LogFormat::dated) == "x\ny\n");
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
  const LogCapture capture(LogLevel::warn);
  const Log& log = capture.log();
  CHECK_FALSE(log.enabled(LogLevel::info));
  CHECK(log.enabled(LogLevel::warn));
  log.debug("debug {}", 1);
  log.info("info {}", 2);
  log.warn("warn {}", 3);
  log.error("error {}", 4);
  log.write(LogLevel::info, "info");

  const auto lines = capture.lines();
  REQUIRE(lines.size() == 2);
  CHECK(behind_time(lines[0]) == "WARN warn 3");
  CHECK(behind_time(lines[1]) == "ERROR error 4");
}

TEST_CASE("records carry the present time") {
  const LogCapture capture;
  const auto before = format_record(LogLevel::info, "x", std::chrono::system_clock::now());
  capture.log().info("x");
  const auto after = format_record(LogLevel::info, "x", std::chrono::system_clock::now());
  const auto lines = capture.lines();
  REQUIRE(lines.size() == 1);
  CHECK(before <= lines[0] + "\n");
  CHECK(lines[0] + "\n" <= after);
}
