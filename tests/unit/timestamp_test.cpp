#include "daemon/base/timestamp.hpp"

#include "support/timestamp_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <string_view>

using namespace provisr::daemon;

namespace {

/// Parses a text and returns the time in the form that provisrd writes.
std::string in_utc(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? rfc3339(*time) : "none";
}

}  // namespace

TEST_CASE("RFC 3339 is read with any offset and any number of digits") {
  CHECK(in_utc("2025-01-27T10:30:45Z") == "2025-01-27T10:30:45.000Z");
  CHECK(in_utc("2025-01-27t10:30:45.5z") == "2025-01-27T10:30:45.500Z");
  CHECK(in_utc("2025-01-27T10:30:45.123456789123Z") == "2025-01-27T10:30:45.123Z");
  CHECK(in_utc("2025-01-27 00:30:45+02:00") == "2025-01-26T22:30:45.000Z");
  CHECK(in_utc("2025-01-27T23:30:45-01:30") == "2025-01-28T01:00:45.000Z");
  CHECK(in_utc("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00.000Z");
  CHECK(in_utc("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00.000Z");
  CHECK(in_utc("1969-12-31T23:59:59Z") == "1969-12-31T23:59:59.000Z");
}

TEST_CASE("a time beyond what can be counted is the nearest that can") {
  CHECK(in_utc("0001-01-01T00:00:00Z") == "1700-01-01T00:00:00.000Z");
  CHECK(in_utc("1699-12-31T23:59:59Z") == "1700-01-01T00:00:00.000Z");
  CHECK(in_utc("9999-12-31T23:59:59.999999999-23:59") == "2251-01-01T00:00:00.000Z");
  CHECK(in_utc("2250-12-31T23:59:59Z") == "2250-12-31T23:59:59.000Z");
  CHECK_FALSE(parse_rfc3339("9999-02-30T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("0001-01-01T25:00:00Z"));
}

TEST_CASE("what is not RFC 3339 is no time") {
  const std::string_view text =
      GENERATE("", "now", "2025-01-27", "2025-01-27T10:30Z", "2025-01-27T10:30:45",
               "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-27T24:00:00Z",
               "2025-01-27T10:60:00Z", "2025-01-27T10:30:61Z", "2025-01-27T10:30:45.Z",
               "2025-01-27T10:30:45Z ", " 2025-01-27T10:30:45Z", "2025-01-27T10:30:45+0200",
               "2025-01-27T10:30:45+2:00", "25-01-27T10:30:45Z", "2025-1-27T10:30:45Z",
               "2025-01-27T10:30:45+99:00", "-2025-01-27T10:30:45Z");
  CAPTURE(text);
  CHECK_FALSE(parse_rfc3339(text));
}
