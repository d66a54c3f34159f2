#include "daemon/config/load.hpp"
#include "daemon/platform/signal_names.hpp"
#include "support/config_lines.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;

namespace {

Lines fault_lines_in(std::string_view toml) {
  Lines lines;
  for (const ConfigNotice& notice : parse_config(toml, "p.toml").faults) {
    lines.push_back(notice.to_string());
  }
  return lines;
}

std::string not_a_name(std::string_view text) {
  return fmt::format(
      "\"{}\" is not a process name; 1 to 128 of A-Z a-z 0-9 . _ - without \"..\" are expected",
      text);
}

}  // namespace

TEST_CASE("all faults are told at once, by line, in one line each") {
  CHECK(fault_lines_in(R"([metrics.process_metrics]
max_history = 0
intervall = "5s"
[server]
listen = 8080
base_path = "api"
[[processes]]
name = "my app"
command = ""
[serverr]
x = 1
)") == Lines{
           "p.toml:2: metrics.process_metrics.max_history: must be 1 to 1000000, is 0",
           "p.toml:3: metrics.process_metrics.intervall: unknown key; did you mean \"interval\"?",
           "p.toml:5: server.listen: must be a string, is an integer",
           "p.toml:6: server.base_path: \"api\" must start with \"/\"",
           "p.toml:8: processes[0].name: " + not_a_name("my app"),
           "p.toml:9: processes[0].command: the command is empty",
           "p.toml:10: serverr: unknown key; did you mean \"server\"?",
       });
}

TEST_CASE("each element of an array has its own fault, at its own place") {
  CHECK(fault_lines_in(R"(env = ["PORT",
  3,
  "=b", "A=1", "B=\u0000",
]
)") == Lines{
           "p.toml:1: env[0]: \"PORT\" is not of the form \"KEY=value\"",
           "p.toml:2: env[1]: must be a string, is an integer",
           "p.toml:3: env[2]: \"=b\" is not of the form \"KEY=value\"",
           "p.toml:3: env[4]: must not hold a NUL character",
       });
  CHECK(
      fault_lines_in("[server]\nallowed_hosts = ['*', 'a.example.', 'A_b', '[::1]', '10.0.0.1']\n")
          .empty());
  CHECK(
      fault_lines_in("[server]\nallowed_hosts = ['', 'http://a', '*.a', 'a b', 'a:80']\n").size() ==
      5);
}

TEST_CASE("a single fault is told exactly") {
  const auto [toml, fault] = GENERATE(table<std::string, std::string>({
      // Unknown keys.
      {"whatever = 1\n[[processes]]\nname='a'\ncommand='b'\n", "1: whatever: unknown key"},
      {process_with("command = 'b'\nCommand = 'b'"),
       "4: processes[0].Command: unknown key; did you mean \"command\"?"},
      {process_with("command = 'b'\nautorestart = true"),
       "4: processes[0].autorestart: unknown key; did you mean \"auto_restart\"?"},
      {process_with("command = 'b'\nworkdir = '/'"),
       "4: processes[0].workdir: unknown key; did you mean \"work_dir\"?"},
      {"[[processes]]\nspec.name = 'a'\nspec.comand = 'b'\nspec.pid_file = 'p'\n",
       "3: processes[0].spec.comand: unknown key; did you mean \"command\"?"},
      {"[[processes]]\nspec.type = 'process'\nspec.name = 'a'\nspec.command = 'b'\n",
       "2: processes[0].spec.type: unknown key"},
      {"[metrics]\nlsten = ':1'\n", "2: metrics.lsten: unknown key; did you mean \"listen\"?"},
      // Types.
      {"server = 1\n", "1: server: must be a table, is an integer"},
      {"metrics = []\n", "1: metrics: must be a table, is an array"},
      {"processes = 1.5\n", "1: processes: must be an array of tables, [[processes]], is a float"},
      {"[processes]\nname = 'a'\n",
       "1: processes: must be an array of tables, [[processes]], is a table"},
      {"processes = ['a']\n", "1: processes[0]: must be a table, is a string"},
      {"[metrics]\nenabled = 'yes'\n", "2: metrics.enabled: must be a boolean, is a string"},
      {"[metrics]\nlisten = 2025-01-27\n", "2: metrics.listen: must be a string, is a date"},
      {"[metrics.process_metrics]\nmax_history = '5'\n",
       "2: metrics.process_metrics.max_history: must be an integer, is a string"},
      {"[metrics.process_metrics]\ninterval = 5\n",
       "2: metrics.process_metrics.interval: must be a string such as \"5s\", is an integer"},
      {process_with("command = ['b']"), "3: processes[0].command: must be a string, is an array"},
      {process_with("args = 'b'"),
       "3: processes[0].args: must be an array of strings, is a string"},
      {process_with("args = ['b', 1]"), "3: processes[0].args[1]: must be a string, is an integer"},
      {process_with("command = 'b'\nenv = {A = '1'}"),
       "4: processes[0].env: must be an array of strings, is a table"},
      {process_with("command = \"a\\u0000b\""),
       "3: processes[0].command: must not hold a NUL character"},
      // Values.
      {"[metrics.process_metrics]\ninterval = '5'\n",
       "2: metrics.process_metrics.interval: \"5\" has no unit; ns, us, ms, s, m or h is "
       "expected"},
      {"[metrics.process_metrics]\ninterval = '9ms'\n",
       "2: metrics.process_metrics.interval: must be 10ms to 24h, is 9ms"},
      {"[metrics.process_metrics]\ninterval = '25h'\n",
       "2: metrics.process_metrics.interval: must be 10ms to 24h, is 25h"},
      {"[metrics.process_metrics]\nmax_history = 1000001\n",
       "2: metrics.process_metrics.max_history: must be 1 to 1000000, is 1000001"},
      {"[metrics.process_metrics]\nmax_history = -1\n",
       "2: metrics.process_metrics.max_history: must be 1 to 1000000, is -1"},
      {"[server]\nmax_connections = 0\n", "2: server.max_connections: must be 1 to 1000000, is 0"},
      {"[metrics]\nmax_connections = -1\n",
       "2: metrics.max_connections: must be 1 to 1000000, is -1"},
      {"[metrics]\nmax_connections = '9'\n",
       "2: metrics.max_connections: must be an integer, is a string"},
      {"[server]\nlisten = 'localhost'\n",
       "2: server.listen: \"localhost\" has no port; \"host:port\", \":port\" or \"unix:/path\" "
       "is expected"},
      {"[server]\nbase_path = '/'\n",
       "2: server.base_path: must not be \"/\" alone: the index is there"},
      {"[server]\nbase_path = ''\n", "2: server.base_path: \"\" must start with \"/\""},
      {"[server]\nbase_path = '/a b'\n",
       "2: server.base_path: \"/a b\" may hold nothing but A-Z a-z 0-9 . _ ~ - and /"},
      {"[server]\nbase_path = '/a//b'\n",
       "2: server.base_path: \"/a//b\" must not hold \"//\" or \"..\""},
      {"[server]\nbase_path = '/a/../b'\n",
       "2: server.base_path: \"/a/../b\" must not hold \"//\" or \"..\""},
      {"[server]\nbase_path = '/a/.'\n",
       "2: server.base_path: \"/a/.\" must not hold \"/./\": clients leave it out"},
      {"[server]\nallowed_hosts = ['a.example', 'b.example:80']\n",
       "2: server.allowed_hosts[1]: \"b.example:80\" is not the name of a host; one without a port "
       "is expected, or \"*\""},
      {process_with("command = \"echo 'b\""),
       "3: processes[0].command: the command has an unclosed ' quote"},
      {process_with("args = []"),
       "3: processes[0].args: must name a program, as in [\"python3\", \"app.py\"]"},
      {process_with("args = ['', 'b']"),
       "3: processes[0].args: must name a program, as in [\"python3\", \"app.py\"]"},
      {process_with("command = 'b'\nenv = ['PORT']"),
       "4: processes[0].env[0]: \"PORT\" is not of the form \"KEY=value\""},
      {"env = ['PORT']\n", "1: env[0]: \"PORT\" is not of the form \"KEY=value\""},
      {"use_os_env = 1\n", "1: use_os_env: must be a boolean, is an integer"},
      {"log = 'a.log'\n", "1: log: must be a table, is a string"},
      {"[log]\ndirr = 'a'\n", "2: log.dirr: unknown key; did you mean \"dir\"?"},
      {process_with("command = 'b'\nenv = ['=1']"),
       "4: processes[0].env[0]: \"=1\" is not of the form \"KEY=value\""},
      {process_with("command = 'b'\ninstances = 0"),
       "4: processes[0].instances: must be 1 to 1000, is 0"},
      {process_with("command = 'b'\ninstances = 1001"),
       "4: processes[0].instances: must be 1 to 1000, is 1001"},
      {process_with("command = 'b'\nrestart_interval = '0s'"),
       "4: processes[0].restart_interval: must be 1ms to 24h, is 0s"},
      {process_with("command = 'b'\nstop_signal = 'STOP'"),
       fmt::format("4: processes[0].stop_signal: must be one of {}, is \"STOP\"", signal_names())},
      {process_with("command = 'b'\nuser = 'provisr-no-such-user'"),
       "4: processes[0].user: \"provisr-no-such-user\" is no user of this system"},
      {process_with("command = 'b'\nstop_timeout = '48h'"),
       "4: processes[0].stop_timeout: must be 1ms to 24h, is 48h"},
      {process_with("command = 'b'\ntype = 'service'"),
       "4: processes[0].type: must be \"process\", is \"service\""},
      // Values that do not go together.
      {process_with("command = 'b'\nargs = ['b']"),
       "4: processes[0].args: cannot be given together with command"},
      {process_with(""),
       "1: processes[0]: needs command or args to run, or pid_file or match to watch"},
      {process_with("pid_file = ''"),
       "1: processes[0]: needs command or args to run, or pid_file or match to watch"},
      {"[[processes]]\ncommand = 'b'\n", "1: processes[0]: has no name"},
      {"[[processes]]\nspec.command = 'b'\n", "2: processes[0].spec: has no name"},
      {process_with("spec.name = 'b'\nspec.command = 'c'"),
       "2: processes[0].name: belongs inside spec, as this entry has one"},
      {process_with("command = 'b'\ninstances = 2\npid_file = '/run/a.pid'"),
       "5: processes[0].pid_file: cannot be shared by 2 instances; one file holds one PID"},
      {process_with("instances = 2\npid_file = '/run/a.pid'"),
       "4: processes[0].pid_file: cannot be shared by 2 instances; one file holds one PID"},
      {process_with("command = 'b'\npid_file = '/p'\n[[processes]]\nname = 'c'\ncommand = "
                    "'d'\npid_file = '/p'"),
       "8: processes[1].pid_file: \"/p\" is written by line 4 too"},
      {"[[processes]]\nname = '" + std::string(127, 'a') + "'\ncommand = 'b'\ninstances = 2\n",
       "2: processes[0].name: is too long for 2 instances"},
      {"[server]\nlisten = ':9090'\n",
       "2: server.listen: server.listen \":9090\" and metrics.listen \":9090\" are one address"},
      {"[server]\nlisten = ':80'\n[metrics]\nlisten = '127.0.0.1:80'\n",
       "4: metrics.listen: server.listen \":80\" and metrics.listen \"127.0.0.1:80\" are one "
       "address"},
      {"[metrics]\nlisten = 'localhost:8080'\n",
       "2: metrics.listen: server.listen \":8080\" and metrics.listen \"localhost:8080\" are "
       "one address"},
  }));
  CAPTURE(toml);
  CHECK(fault_lines_in(toml) == Lines{"p.toml:" + fault});
}

TEST_CASE("servers may have one address while only one of them runs") {
  CHECK(fault_lines_in("[server]\nlisten = ':80'\n[metrics]\nenabled = false\nlisten = ':80'\n") ==
        no_lines);
}

TEST_CASE("no two processes may take one name") {
  const auto entry = [](std::string_view name, int instances) {
    return "[[processes]]\nname = '" + std::string(name) +
           "'\ncommand = 'x'\ninstances = " + std::to_string(instances) + "\n";
  };
  SECTION("the same name twice") {
    CHECK(fault_lines_in(entry("a", 1) + entry("a", 1)) ==
          Lines{"p.toml:6: processes[1].name: the name \"a\" is taken by line 2"});
  }
  SECTION("the name of an instance before it") {
    CHECK(fault_lines_in(entry("my-app", 3) + entry("my-app-2", 1)) ==
          Lines{"p.toml:6: processes[1].name: the name \"my-app-2\" is taken by line 2"});
  }
  SECTION("an instance with the name of a process before it") {
    CHECK(fault_lines_in(entry("my-app-2", 1) + entry("my-app", 3)) ==
          Lines{"p.toml:6: processes[1].name: the name \"my-app-2\" is taken by line 2"});
  }
  SECTION("the base of others") {
    CHECK(fault_lines_in(entry("my-app", 3) + entry("my-app", 1)) ==
          Lines{"p.toml:6: processes[1].name: the name \"my-app\" is taken by line 2"});
  }
  SECTION("many clashes of one process are one fault") {
    CHECK(fault_lines_in(entry("a", 1000) + entry("a", 1000)) ==
          Lines{"p.toml:6: processes[1].name: the name \"a-1\" is taken by line 2"});
  }
  SECTION("names that only look alike") {
    CHECK(fault_lines_in(entry("my-app", 3) + entry("my-app-4", 1) + entry("my-app-server-1", 1)) ==
          no_lines);
  }
}

TEST_CASE("a syntax error is told with its line") {
  const Lines faults = fault_lines_in("[server]\nlisten = \":8080\"\nbase_path = \n");
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].starts_with("p.toml:3: syntax error: "));
}

TEST_CASE("a fault stays one line whatever the file holds") {
  CHECK(fault_lines_in("[[processes]]\nname = \"a\\n\\u001bb\"\ncommand = 'c'\n") ==
        Lines{"p.toml:2: processes[0].name: " + not_a_name("a\\n\\x1bb")});
}
