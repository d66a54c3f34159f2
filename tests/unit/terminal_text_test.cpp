#include "daemon/cli/client/terminal_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <utility>

using namespace provisr::daemon;
using namespace std::chrono_literals;

TEST_CASE("nothing that is printable controls a terminal") {
  using Case = std::pair<std::string, std::string>;
  const auto [text, shown] =
      GENERATE(Case{"plain, \xc3\xa4, \xe2\x82\xac, \xf0\x9f\x98\x80",
                    "plain, \xc3\xa4, \xe2\x82\xac, \xf0\x9f\x98\x80"},
               Case{"a\nb\rc\td", "a\\nb\\rc\\td"}, Case{"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
               Case{std::string("a\0b", 3), "a\\x00b"},
               Case{"\xc2\x9b"
                    "2J",
                    "\\u009b2J"},
               Case{"\xe2\x80\xae"
                    "txt",
                    "\\u202etxt"},
               Case{"\xe2\x81\xa6\xe2\x80\xa8", "\\u2066\\u2028"},
               Case{"\x9b"
                    "2J",
                    "\xef\xbf\xbd"
                    "2J"},
               Case{"", ""});
  CHECK(printable(text) == shown);
}

TEST_CASE("a JSON text keeps its meaning and cannot control a terminal") {
  CHECK(printable_json("{\"a\": \"\xc2\x9b\x7f\xe2\x80\xae\",\n\t\"b\": \"\xc3\xa4\\n\"}\r\n") ==
        "{\"a\": \"\\u009b\\u007f\\u202e\",\n\t\"b\": \"\xc3\xa4\\n\"}\r\n");
}

TEST_CASE("columns are as wide as their widest cell, the last one is not padded") {
  CHECK(aligned({{"A", "BB", "C"}, {"aaaa", "b", "c c"}, {"\xc3\xa4", "b"}}) ==
        "A     BB  C\n"
        "aaaa  b   c c\n"
        "\xc3\xa4     b\n");
  CHECK(aligned({}).empty());
}

TEST_CASE("a cell of any length widens no column beyond that of a name") {
  const std::string text = aligned({{std::string(100'000, 'x'), "y"}, {"a", "b"}});
  CHECK(text.ends_with("\na" + std::string(129, ' ') + "b\n"));
}

TEST_CASE("an age is its two largest units in one word") {
  CHECK(format_age(0s) == "0s");
  CHECK(format_age(59s) == "59s");
  CHECK(format_age(60s) == "1m0s");
  CHECK(format_age(3599s) == "59m59s");
  CHECK(format_age(4h + 12min + 59s) == "4h12m");
  CHECK(format_age(24h) == "1d0h");
  CHECK(format_age(100h) == "4d4h");
}
