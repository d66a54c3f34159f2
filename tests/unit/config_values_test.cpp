#include "daemon/base/duration.hpp"
#include "daemon/config/command.hpp"
#include "daemon/config/config.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Words = std::vector<std::string>;

TEST_CASE("durations are read in Go's notation") {
  using Case = std::pair<std::string_view, std::chrono::milliseconds>;
  const auto [text, expected] = GENERATE(
      Case{"0s", 0ms}, Case{"0h0m", 0ms}, Case{"1ms", 1ms}, Case{"100ms", 100ms}, Case{"5s", 5s},
      Case{"1m30s", 90s}, Case{"2h", 2h}, Case{"1.5s", 1500ms}, Case{"0.3s", 300ms},
      Case{".5s", 500ms}, Case{"5.s", 5s}, Case{"0.7h", 42min}, Case{"1h0m0.25s", 1h + 250ms},
      Case{"+5s", 5s}, Case{"2000us", 2ms}, Case{"2000\u00b5s", 2ms}, Case{"2000\u03bcs", 2ms},
      Case{"2000000ns", 2ms}, Case{"600us400us", 1ms}, Case{"0.123s", 123ms},
      Case{"0.0011h", 3960ms}, Case{"1000000h", 1000000h});
  CAPTURE(text);
  CHECK(parse_duration(text) == expected);
}

TEST_CASE("a duration that is wrong is refused with the reason") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [text, reason] =
      GENERATE(Case{"", "is not a duration"}, Case{"+", "is not a duration"},
               Case{"five", "is not a duration"}, Case{"5 s", "is not a duration"},
               Case{" 5s", "is not a duration"}, Case{"5s ", "is not a duration"},
               Case{"5d", "is not a duration"}, Case{"5S", "is not a duration"},
               Case{".s", "is not a duration"}, Case{"1..5s", "has no unit"},
               Case{"5", "has no unit"}, Case{"0", "has no unit"}, Case{"1m30", "has no unit"},
               Case{"-5s", "is negative"}, Case{"1m-5s", "is not a duration"},
               Case{"0.5us", "is too short"}, Case{"250us", "is too short"},
               Case{"999999ns", "is too short"}, Case{"9999999999999999999999s", "is too long"},
               Case{"9223372036854775807h", "is too long"}, Case{"2562047h2562047h", "is too long"},
               Case{"1500us", "is not a whole number of milliseconds"},
               Case{"199.9ms", "is not a whole number of milliseconds"},
               Case{"0.1234567891234s", "is not a whole number of milliseconds"});
  CAPTURE(text);
  CHECK_THROWS_MATCHES(
      parse_duration(text), std::invalid_argument,
      Catch::Matchers::MessageMatches(ContainsSubstring(std::string(reason)) &&
                                      ContainsSubstring("\"" + std::string(text) + "\"")));
}

TEST_CASE("an exact duration is one of nanoseconds") {
  CHECK(parse_exact_duration("199.9ms") == 199'900us);
  CHECK(parse_exact_duration("0.1234567891234s") == 123'456'789ns);
  CHECK(parse_exact_duration("1ns") == 1ns);
}

TEST_CASE("a duration's fault is a sentence, whatever bytes the duration has") {
  CHECK_THROWS_MATCHES(
      parse_duration(std::string_view("1s\0", 3)), std::invalid_argument,
      Message("\"1s\\x00\" is not a duration; \"100ms\", \"5s\" or \"1m30s\" is expected"));
  CHECK_THROWS_MATCHES(
      parse_duration("5x"), std::invalid_argument,
      Message("\"5x\" is not a duration; \"100ms\", \"5s\" or \"1m30s\" is expected"));
}

TEST_CASE("durations are written in the largest whole unit") {
  CHECK(format_duration(10ms) == "10ms");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(120s) == "2m");
  CHECK(format_duration(24h) == "24h");
}

TEST_CASE("listen addresses are read, and written as they were") {
  struct Case {
    std::string text;
    ListenAddress expected;
  };
  const Case c =
      GENERATE(Case{":8080", {"", 8080, ""}}, Case{"127.0.0.1:80", {"127.0.0.1", 80, ""}},
               Case{"localhost:65535", {"localhost", 65535, ""}},
               Case{"my_host-1.example:0", {"my_host-1.example", 0, ""}},
               Case{"[::1]:8080", {"::1", 8080, ""}},
               Case{"[fe80::1%eth0]:8080", {"fe80::1%eth0", 8080, ""}});
  CAPTURE(c.text);
  const ListenAddress address = parse_listen_address(c.text);
  CHECK(address.host == c.expected.host);
  CHECK(address.port == c.expected.port);
  CHECK(address.path == c.expected.path);
  CHECK_FALSE(address.is_unix_socket());
  CHECK(address.to_string() == c.text);
}

TEST_CASE("a listen address that is wrong is refused with the reason") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [text, reason] = GENERATE(
      Case{"", "has no port"}, Case{"8080", "has no port"}, Case{"localhost", "has no port"},
      Case{"[::1]", "has no port"}, Case{"localhost:", "has no valid port"},
      Case{":65536", "has no valid port"}, Case{":-1", "has no valid port"},
      Case{":+1", "has no valid port"}, Case{":80a", "has no valid port"},
      Case{":99999999999999999999", "has no valid port"}, Case{"::1:8080", "ambiguous"},
      Case{"[localhost]:8080", "no IPv6 address in its brackets"},
      Case{"[]:8080", "no IPv6 address in its brackets"}, Case{"[:8080", "no valid host"},
      Case{"my host:8080", "no valid host"}, Case{"http://localhost:8080", "ambiguous"});
  CAPTURE(text);
  CHECK_THROWS_MATCHES(parse_listen_address(text), std::invalid_argument,
                       Catch::Matchers::MessageMatches(ContainsSubstring(std::string(reason))));
}

TEST_CASE("two servers clash where they cannot both listen") {
  const auto clashes = [](std::string_view one, std::string_view other) {
    const ListenAddress a = parse_listen_address(one);
    const ListenAddress b = parse_listen_address(other);
    CHECK(clash(a, b) == clash(b, a));
    return clash(a, b);
  };
  CHECK(clashes(":8080", ":8080"));
  CHECK(clashes(":8080", "127.0.0.1:8080"));
  CHECK(clashes("0.0.0.0:8080", "127.0.0.1:8080"));
  CHECK(clashes("[::]:8080", "127.0.0.1:8080"));
  CHECK_FALSE(clashes(":8080", ":9090"));
  CHECK_FALSE(clashes("127.0.0.1:8080", "127.0.0.2:8080"));
  CHECK_FALSE(clashes(":0", ":0"));
}

TEST_CASE("a plain command is split into words") {
  using Case = std::pair<std::string_view, Words>;
  const auto [command, words] = GENERATE(
      Case{"nginx", {"nginx"}}, Case{"python3 app.py", {"python3", "app.py"}},
      Case{"  python3 \t app.py\n", {"python3", "app.py"}},
      Case{"echo 'a  b' \"c  d\"", {"echo", "a  b", "c  d"}},
      Case{"echo a'b'\"c\"d", {"echo", "abcd"}}, Case{"echo '' \"\"", {"echo", "", ""}},
      Case{R"(echo '\n' '$HOME' '`x`' '|&;<>()*?[]{}!~#')",
           {"echo", "\\n", "$HOME", "`x`", "|&;<>()*?[]{}!~#"}},
      Case{R"(echo "|&;<>()*?[]{}!~#")", {"echo", "|&;<>()*?[]{}!~#"}},
      Case{"echo 'two\nlines' \"two\nlines\"", {"echo", "two\nlines", "two\nlines"}},
      Case{"echo \"joined \\\nline\"", {"echo", "joined line"}},
      Case{"echo a#b a~b", {"echo", "a#b", "a~b"}}, Case{"echo '#' \"~\"", {"echo", "#", "~"}},
      Case{"env A=1 app", {"env", "A=1", "app"}}, Case{"app --port=80", {"app", "--port=80"}},
      Case{"=x y", {"=x", "y"}}, Case{"1A=x y", {"1A=x", "y"}}, Case{"a-b=x y", {"a-b=x", "y"}},
      Case{"executable", {"executable"}}, Case{"app exec", {"app", "exec"}},
      Case{"sh -c 'while true; do echo x; done'", {"sh", "-c", "while true; do echo x; done"}});
  CAPTURE(command);
  CHECK(parse_command(command).argv == words);
}

TEST_CASE("a command that is wrong is refused with the reason") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [command, reason] =
      GENERATE(Case{"", "the command is empty"}, Case{" \t\n", "the command is empty"},
               Case{"echo 'a", "the command has an unclosed ' quote"},
               Case{"echo it's $HOME", "the command has an unclosed ' quote"},
               Case{"echo \"a", "the command has an unclosed \" quote"},
               Case{"echo \"a\\\"", "the command has an unclosed \" quote"},
               Case{"echo \"a\\", "the command has an unclosed \" quote"},
               Case{"'' a", "the command names no program: its first word is empty"});
  CAPTURE(command);
  CHECK_THROWS_MATCHES(parse_command(command), std::invalid_argument, Message(std::string(reason)));
}

TEST_CASE("only the names that the library takes are sound") {
  CHECK(fault_in_name("my-app_1.x").empty());
  CHECK(fault_in_name(std::string(128, 'a')).empty());
  CHECK_FALSE(fault_in_name(std::string(129, 'a')).empty());
  CHECK_FALSE(fault_in_name("a/b").empty());
  CHECK(
      fault_in_name("a..b") ==
      "\"a..b\" is not a process name; 1 to 128 of A-Z a-z 0-9 . _ - without \"..\" are expected");
}

TEST_CASE("instances are numbered from 1, and a single one keeps the bare name") {
  ProcessConfig process;
  process.name = "my-app";
  CHECK(instance_names(process) == Words{"my-app"});
  process.instances = 3;
  CHECK(instance_names(process) == Words{"my-app-1", "my-app-2", "my-app-3"});
}
