#include "daemon/config/token_file.hpp"

#include "daemon/config/load.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <string_view>
#include <utility>

using namespace provisr::daemon;

TEST_CASE("a token is one word, with or without white space around it") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [text, token] = GENERATE(Case{"secret", "secret"}, Case{"secret\n", "secret"},
                                      Case{" \t\r\nse,c+r/e=t~!\r\n\n", "se,c+r/e=t~!"});
  CHECK(parse_token(text).token == token);
  CHECK(parse_token(text).fault.empty());
}

TEST_CASE("a text without one word holds no token") {
  const std::string_view empty = GENERATE(as<std::string_view>{}, "", " ", "\n\r\n");
  CHECK(parse_token(empty).token.empty());
  CHECK(parse_token(empty).fault == "holds no token");

  const std::string_view text =
      GENERATE(as<std::string_view>{}, "a b", "a\nb", std::string_view("a\0b", 3), "\xc3\xa4",
               "\xef\xbb\xbf"
               "a",
               "a\x7f");
  CHECK(parse_token(text).token.empty());
  CHECK(parse_token(text).fault == "must hold one word of visible ASCII characters");
}

TEST_CASE("reads are protected by a token or not at all") {
  const LoadedConfig loaded = parse_config("[server.auth]\nprotect_reads = true\n", "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].to_string() ==
        "p.toml:2: server.auth.protect_reads: requires a token_file");
}

TEST_CASE("a token file that is not there is a fault, once") {
  const LoadedConfig loaded =
      parse_config("[server.auth]\nprotect_reads = true\ntoken_file = '/no/such/file'\n", "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].line == 3);
  CHECK(loaded.faults[0].key == "server.auth.token_file");
  CHECK(loaded.faults[0].text.starts_with("\"/no/such/file\" cannot be used: "));
}
