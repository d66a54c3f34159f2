#include "daemon/config/command.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"

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
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;
using Words = std::vector<std::string>;

namespace {

Words through_shell(std::string_view command) {
  return {"/bin/sh", "-c", std::string(command)};
}

}  // namespace

TEST_CASE("an address of a Unix socket is its absolute path") {
  const std::string path = GENERATE("/run/provisr.sock", "/run/a:b");
  const ListenAddress address = parse_listen_address("unix:" + path);
  CHECK(address.path == path);
  CHECK(address.is_unix_socket());
  CHECK(address.to_string() == "unix:" + path);
}

TEST_CASE("a Unix socket without an absolute path is refused") {
  const std::string_view text = GENERATE("unix:", "unix:provisr.sock");
  CHECK_THROWS_MATCHES(parse_listen_address(text), std::invalid_argument,
                       MessageMatches(ContainsSubstring("has no absolute path")));
}

TEST_CASE("a Unix socket's path is as long as the system takes") {
  const std::string longest = "/" + std::string(106, 's');
  CHECK(parse_listen_address("unix:" + longest).path == longest);
  CHECK_THROWS_MATCHES(
      parse_listen_address("unix:" + longest + "s"), std::invalid_argument,
      MessageMatches(ContainsSubstring("has a path of 108 bytes; a socket takes at most 107")));
}

TEST_CASE("two servers clash on the same Unix socket only") {
  const auto clashes = [](std::string_view one, std::string_view other) {
    return clash(parse_listen_address(one), parse_listen_address(other));
  };
  CHECK(clashes("unix:/a", "unix:/a"));
  CHECK_FALSE(clashes("unix:/a", "unix:/b"));
  CHECK_FALSE(clashes("unix:/a", ":8080"));
  CHECK_FALSE(clashes(":8080", "unix:/a"));
}

TEST_CASE("a backslash quotes as in a POSIX shell") {
  using Case = std::pair<std::string_view, Words>;
  const auto [command, words] =
      GENERATE(Case{R"(echo a\ b \\ \' \$HOME \#)", {"echo", "a b", "\\", "'", "$HOME", "#"}},
               Case{R"(echo "a\"b" "\$x" "\\" "\n")", {"echo", "a\"b", "$x", "\\", "\\n"}});
  CAPTURE(command);
  CHECK(parse_command(command) == words);
}

TEST_CASE("a command must not end in a backslash") {
  CHECK_THROWS_MATCHES(parse_command("echo a\\"), std::invalid_argument,
                       Message("the command ends in a backslash"));
}

TEST_CASE("a command that only a shell understands goes to one as it is") {
  const std::string_view command =
      GENERATE(as<std::string_view>{}, "a | b", "a && b", "a & b", "a; b", "a < b", "a > b", "(a)",
               "a $HOME", "a \"$HOME\"", "a \"`b`\"", "a `b`", "a *.txt", "a file?", "a [ab]",
               "a ]", "a {b,c}", "! a", "# a", "a # b", "~/bin/a", "a ~", "a\nb", "a \\\nb",
               "PORT=80 a", "_x1='a b' a", "A=1", "exec a", "cd /", ". ./env", "ulimit -n 10",
               "if a", "a > b 'unclosed", "cat <<E\nit's\nE\n");
  CAPTURE(command);
  CHECK(parse_command(command) == through_shell(command));
}
