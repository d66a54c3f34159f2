#include "daemon/base/text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace provisr::daemon;
using namespace std::string_view_literals;

namespace {

constexpr std::array known{"interval"sv, "enabled"sv, "max_history"sv, "env"sv};

}  // namespace

TEST_CASE("control characters are escaped, all else is left alone") {
  CHECK(escape_controls("plain \u00e4 \\ \"x\"") == "plain \u00e4 \\ \"x\"");
  CHECK(escape_controls("a\nb\r\tc"sv) == "a\\nb\\r\\tc");
  CHECK(escape_controls("\x1b[2J\0\x7f"sv) == "\\x1b[2J\\x00\\x7f");
}

TEST_CASE("blanks are cut off at both ends only") {
  CHECK(trimmed(" \ta b\t ", " \t") == "a b");
  CHECK(trimmed("a", " ") == "a");
  CHECK(trimmed("\ra", " \t") == "\ra");
  CHECK(trimmed(" \t ", " \t").empty());
  CHECK(trimmed("", " ").empty());
}

TEST_CASE("only ASCII letters become lower case") {
  CHECK(ascii_lower("AbZ[@`{ 09") == "abz[@`{ 09");
  CHECK(ascii_lower("\u00c4\xc4") == "\u00c4\xc4");
  CHECK(ascii_lower('Q') == 'q');
}

TEST_CASE("the nearest word is found") {
  CHECK(nearest_word("intervall", known) == "interval");  // one letter too many
  CHECK(nearest_word("interva", known) == "interval");    // one missing
  CHECK(nearest_word("intarval", known) == "interval");   // one replaced
  CHECK(nearest_word("enalbed", known) == "enabled");     // two swapped
  CHECK(nearest_word("Interval", known) == "interval");
  CHECK(nearest_word("maxhistory", known) == "max_history");
  CHECK(nearest_word("evn", known) == "env");
}

TEST_CASE("no word is suggested where none is near") {
  CHECK(nearest_word("whatever", known).empty());
  CHECK(nearest_word("", known).empty());
  CHECK(nearest_word("x", known).empty());
  CHECK(nearest_word(std::string(10000, 'i'), known).empty());
  CHECK(nearest_word("interval", {}).empty());
}

TEST_CASE("a suggestion is a question, or nothing") {
  CHECK(did_you_mean("intervall", known) == "; did you mean \"interval\"?");
  CHECK(did_you_mean("whatever", known).empty());
}

TEST_CASE("a file's name comes back as it was given") {
  const std::string name = GENERATE("app.pid", "/srv/J\u00fcrgen/\u65e5\u672c", "");
  CHECK(name_of(path_of(name)) == name);
}
