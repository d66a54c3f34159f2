// Documents that try to exhaust the parser. Each gets its verdict, and takes no more stack or time
// than its size allows.
#include "daemon/config/load.hpp"
#include "daemon/config/nesting.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::daemon;

namespace {

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

/// Returns about a megabyte of unknown keys.
std::string many_unknown_keys() {
  std::string toml;
  for (int i = 0; toml.size() < max_config_size - 100; ++i) toml += fmt::format("servr{} = 1\n", i);
  return toml;
}

}  // namespace

TEST_CASE("text nested too deeply is refused with its line") {
  constexpr std::size_t many = 100'000;
  const std::string deep = GENERATE_COPY(
      "a = " + repeated("[", many), "a = " + repeated("[", many) + repeated("]", many),
      "a = " + repeated("{a=", many) + "1" + repeated("}", many), repeated("a.", 40'000) + "a = 1",
      repeated("a . ", 40'000) + "a = 1", repeated("\"a\".", many) + "a = 1",
      repeated("'a'.", many) + "a = 1", "[" + repeated("a.", many) + "a]",
      "[[" + repeated("a.", many) + "a]]", "a = " + repeated("[{a.a=", many),
      "x = '''a''''\na = " + repeated("[", many));
  const LoadedConfig loaded = parse_config("# first line\n" + deep, "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  const std::string expected = deep.starts_with("x") ? "p.toml:3" : "p.toml:2";
  CHECK(loaded.faults[0].to_string() == expected + ": is nested more than 32 levels deep");
}

TEST_CASE("dots and brackets that do not nest are not counted") {
  const std::string flat = GENERATE_COPY(
      "a = \"" + repeated("[", 100) + "\"", "a = '" + repeated("a.", 100) + "'",
      "a = '''\n" + repeated("{", 100) + "''''' # " + repeated("[", 100),
      "a = \"\"\"\\\"\"\"" + repeated("[", 100) + "\"\"\"\"",
      "a = \"\\\"" + repeated("[", 100) + "\"", "a = [" + repeated("1.5, ", 100) + "]",
      repeated("[[a.b]]\n", 100), repeated("a.b\n", 100));
  CAPTURE(flat);
  CHECK(line_nested_too_deeply(flat) == 0);
}

TEST_CASE("the deepest text allowed is parsed") {
  const std::string dots = repeated("a.", max_nesting);
  std::string toml = "[" + dots + "a]\n" + dots + "a = ";
  toml += repeated("{" + dots + "a = ", max_nesting) + "1" + repeated("}", max_nesting);
  REQUIRE(line_nested_too_deeply(toml) == 0);
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].key == "a");
}

TEST_CASE("a hundred faults are listed and the others counted") {
  const LoadedConfig loaded = parse_config(many_unknown_keys(), "p.toml");
  REQUIRE(loaded.faults.size() == max_notices + 1);
  CHECK(loaded.faults.front().text.find("did you mean \"server\"?") != std::string::npos);
  CHECK(loaded.faults.back().text.find(" more faults") != std::string::npos);
}

TEST_CASE("a hundred warnings are listed and the others counted") {
  std::string toml;
  for (int i = 0; i < 150; ++i) toml += "[[processes]]\ntype = 'cron'\n";
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  REQUIRE(loaded.warnings.size() == max_notices + 1);
  CHECK(loaded.warnings.back().to_string() == "p.toml: 50 more warnings");
}

TEST_CASE("more processes than can be managed are a fault, and are not expanded") {
  std::string toml;
  for (int i = 0; i < 15'000; ++i) {
    toml += fmt::format("[[processes]]\nname='a{}'\ncommand='b'\ninstances=1000\n", i);
  }
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].text ==
        "name 15000000 processes, instances included; at most 100000 are allowed");
}

TEST_CASE("a file of more than a megabyte is refused") {
  const provisr::test::TempDirectory folder;
  const std::string largest(max_config_size, '#');
  CHECK(load_config(folder.write("largest.toml", largest)).faults.empty());
  const auto file = folder.write("larger.toml", largest + "#");
  const LoadedConfig loaded = load_config(file);
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].to_string() == file.string() + ": is larger than 1048576 bytes");
}
