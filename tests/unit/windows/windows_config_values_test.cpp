#include "daemon/config/command.hpp"
#include "daemon/config/listen_address.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using Words = std::vector<std::string>;

TEST_CASE("a Unix socket is a fault where there is none") {
  CHECK_THROWS_MATCHES(parse_listen_address("unix:/run/provisr.sock"), std::invalid_argument,
                       MessageMatches(ContainsSubstring("is for systems with Unix sockets")));
}

TEST_CASE("a socket cannot be given to a group here") {
  CHECK(fault_in_socket_group("users", {.host = "", .port = 80, .path = ""}) ==
        "is for systems with Unix sockets");
}

TEST_CASE("a backslash is one of a path, and quotes nothing but a quote") {
  using Case = std::pair<std::string_view, Words>;
  const auto [command, words] =
      GENERATE(Case{R"(C:\apps\app.exe)", {"C:\\apps\\app.exe"}},
               Case{R"("C:\Program Files\app.exe" --dir C:\data\)",
                    {"C:\\Program Files\\app.exe", "--dir", "C:\\data\\"}},
               Case{R"(app.exe "say \"hello\"")", {"app.exe", "say \"hello\""}},
               Case{R"(app.exe '\\server\share')", {"app.exe", "\\\\server\\share"}});
  CAPTURE(command);
  CHECK(parse_command(command).argv == words);
}

TEST_CASE("a command that only a POSIX shell understands is refused, with a way out") {
  const std::string_view command = GENERATE("a | b", "a > b", "a; b", "A=1 b", "cd x", "a *.txt");
  CAPTURE(command);
  CHECK_THROWS_MATCHES(parse_command(command), std::invalid_argument,
                       MessageMatches(ContainsSubstring("[\"cmd.exe\", \"/c\", \"...\"]")));
}
