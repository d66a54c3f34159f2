#include "daemon/config/command.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/rules.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <grp.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
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
  CHECK(parse_command(command).argv == words);
}

TEST_CASE("a command must not end in a backslash") {
  CHECK_THROWS_MATCHES(parse_command("echo a\\"), std::invalid_argument,
                       Message("the command ends in a backslash"));
}

TEST_CASE("a shell executes the program of a single command in place of itself") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [command, text] =
      GENERATE(Case{"a > b", "exec a > b"}, Case{"a < b 2>&1", "exec a < b 2>&1"},
               Case{"> b a", "> b exec a"}, Case{"2>b a c", "2>b exec a c"},
               Case{"a 2> b", "exec a 2> b"}, Case{"PORT=80 a", "PORT=80 exec a"},
               Case{"_x1='a b' y=\"$z c\" a", "_x1='a b' y=\"$z c\" exec a"},
               Case{"a $HOME", "exec a $HOME"}, Case{"$APP b", "exec $APP b"},
               Case{"a *.txt", "exec a *.txt"}, Case{"~/bin/a", "exec ~/bin/a"},
               Case{"a \"`b; c`\"", "exec a \"`b; c`\""},
               Case{"a $(b | (c; d) \")\" ')') e", "exec a $(b | (c; d) \")\" ')') e"},
               Case{"a ${x:-b;c}", "exec a ${x:-b;c}"}, Case{"a # b; c", "exec a # b; c"},
               Case{"a \\\n b > c", "exec a \\\n b > c"}, Case{"> \\\n b a", "> \\\n b exec a"},
               Case{"a ';' > b", "exec a ';' > b"}, Case{"a \\; > b", "exec a \\; > b"},
               Case{"A=$(b c) a", "A=$(b c) exec a"});
  CAPTURE(command);
  CHECK(parse_command(command).argv == through_shell(text));
  CHECK_FALSE(parse_command(command).shell_stays);
}

TEST_CASE("a shell executes the program that follows quiet builtins in place of itself") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [command, text] = GENERATE(
      Case{"cd /x && a", "cd /x && exec a"}, Case{"cd /x && A=1 a > b", "cd /x && A=1 exec a > b"},
      Case{"cd /x || exit 1; a", "cd /x || exit 1; exec a"},
      Case{"umask 077\nulimit -n 10\na", "umask 077\nulimit -n 10\nexec a"},
      Case{"export A=1; a;", "export A=1; exec a;"}, Case{"[ -d /x ] && a", "[ -d /x ] && exec a"},
      Case{"A=1; a $A", "A=1; exec a $A"}, Case{"exec > b; a", "exec > b; exec a"});
  CAPTURE(command);
  CHECK(parse_command(command).argv == through_shell(text));
  CHECK_FALSE(parse_command(command).shell_stays);
}

TEST_CASE("a command in which no shell stays is passed on as it is") {
  const std::string_view command =
      GENERATE(as<std::string_view>{}, "exec a", "exec a > b", "cd /x && exec a", "exec a; b",
               "cd /", "ulimit -n 10", "A=1", "> b", "echo $HOME", "# a");
  CAPTURE(command);
  CHECK(parse_command(command).argv == through_shell(command));
  CHECK_FALSE(parse_command(command).shell_stays);
}

TEST_CASE("a command in which the shell stays is passed on as it is, with a warning") {
  const std::string_view command =
      GENERATE(as<std::string_view>{}, "a | b", "a && b", "a || b", "a & b", "a &", "a; b", "a\nb",
               "(a)", "! a", "{ a; }", "if a; then b; fi", "while true; do a; done", ". ./env; a",
               "trap b EXIT; a", "eval a", "a > b 'unclosed", "a > $(b", "a >",
               "cat <<E\nit's\nE\n", "f() { a; }; f", "a &> b");
  CAPTURE(command);
  CHECK(parse_command(command).argv == through_shell(command));
  CHECK(parse_command(command).shell_stays);
}

TEST_CASE("a shell that stays gives one warning") {
  const LoadedConfig loaded =
      parse_config("[[processes]]\nname = 'a'\ncommand = 'b | c'\n", "p.toml");
  CHECK(loaded.faults.empty());
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0].to_string() ==
        "p.toml:3: processes[0].command: a shell runs this command and is measured together "
        "with it");
}

TEST_CASE("a configuration is a regular file: a FIFO or a device is refused unread") {
  const provisr::test::TempDirectory folder;
  const auto fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string file = GENERATE_COPY(fifo.string(), std::string("/dev/zero"));
  const LoadedConfig loaded = load_config(file);
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].to_string() == file + ": cannot be read: it is not a regular file");
}

TEST_CASE("a socket is given to a group that exists, and only a Unix socket is") {
  const group* const own = ::getgrgid(::getegid());
  REQUIRE(own != nullptr);
  const std::string name = own->gr_name;
  const ListenAddress unix_socket{.host = "", .port = 0, .path = "/run/p.sock"};
  const ListenAddress tcp{.host = "", .port = 80, .path = ""};
  CHECK(fault_in_socket_group(name, unix_socket).empty());
  CHECK(fault_in_socket_group("", unix_socket).empty());
  CHECK(fault_in_socket_group("", tcp).empty());
  CHECK(fault_in_socket_group(name, tcp) ==
        "is for a Unix socket, \"unix:/path\"; listen is \":80\"");
  CHECK(fault_in_socket_group("no such group", unix_socket) ==
        "there is no group \"no such group\" on this machine");
}

TEST_CASE("both servers' socket groups are checked, whatever the order of the keys") {
  const LoadedConfig loaded = parse_config(
      "[server]\nsocket_group = 'no such group'\nlisten = 'unix:/run/p.sock'\n"
      "[metrics]\nsocket_group = 'no such group'\n",
      "p.toml");
  REQUIRE(loaded.faults.size() == 2);
  CHECK(loaded.faults[0].to_string() ==
        "p.toml:2: server.socket_group: there is no group \"no such group\" on this machine");
  CHECK(loaded.faults[1].to_string() ==
        "p.toml:5: metrics.socket_group: is for a Unix socket, \"unix:/path\"; listen is "
        "\":9090\"");
}
