#include "daemon/config/config.hpp"
#include "daemon/config/load.hpp"
#include "daemon/platform/process_facts.hpp"
#include "daemon/platform/user_account.hpp"
#include "support/config_lines.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

/// Returns a configuration in which `keys` start in line 3.
LoadedConfig with_match(std::string_view keys, std::string_view name = "worker-{2}") {
  return parse_config(
      "[[processes]]\nname = \"" + std::string(name) + "\"\n" + std::string(keys) + "\n", "p.toml");
}

}  // namespace

TEST_CASE("a match is read whole", "[config][match]") {
  if (!supported_facts().unit) SKIP("this system has no units");
  const LoadedConfig loaded = with_match(
      "match = { unit = 'u*', cgroup = '/c*', exe = '/e*', args = '*a*', user = 'w?w' }\n"
      "max_matches = 7\nscope = 'process'");
  CHECK(lines_of(loaded.faults) == Lines{});
  CHECK(lines_of(loaded.warnings) == Lines{});
  const ProcessConfig& process = loaded.config.processes.at(0);
  CHECK(process.match == ProcessMatch{"u*", "/c*", "/e*", "*a*", "w?w"});
  CHECK(process.max_matches == 7);
  CHECK(process.is_external());
  CHECK(instance_names(process) == Lines{"worker-_"});
}

TEST_CASE("at most a hundred processes match, unless the file says otherwise", "[config][match]") {
  const LoadedConfig loaded = with_match("match = { exe = '/e' }", "e");
  CHECK(loaded.faults.empty());
  CHECK(loaded.config.processes.at(0).max_matches == 100);
}

TEST_CASE("a fault of a match is told exactly", "[config][match]") {
  const auto [keys, fault] = GENERATE(table<std::string, std::string>({
      {"match = {}",
       "p.toml:3: processes[0].match: must have at least one of unit, cgroup, exe, args or "
       "user"},
      {"match = 'x'", "p.toml:3: processes[0].match: must be a table, is a string"},
      {"match = { arg = 'x', exe = 'y' }",
       "p.toml:3: processes[0].match.arg: unknown key; did you mean \"args\"?"},
      {"match = { exe = '' }", "p.toml:3: processes[0].match.exe: must have 1 to 512 bytes, has 0"},
      {"match = { exe = 1 }", "p.toml:3: processes[0].match.exe: must be a string, is an integer"},
      {"match = { exe = 'x' }\ncommand = 'y'",
       "p.toml:4: processes[0].command: cannot be given together with match"},
      {"match = { exe = 'x' }\nargs = ['y']",
       "p.toml:4: processes[0].args: cannot be given together with match"},
      {"match = { exe = 'x' }\npid_file = 'y'",
       "p.toml:4: processes[0].pid_file: cannot be given together with match"},
      {"match = { exe = 'x' }\ninstances = 2",
       "p.toml:4: processes[0].instances: cannot be given together with match"},
      {"match = { exe = 'x' }\nmax_matches = 0",
       "p.toml:4: processes[0].max_matches: must be 1 to 10000, is 0"},
      {"match = { exe = 'x' }\nlimits = { max_memory_mb = 5, action = 'stop' }",
       "p.toml:4: processes[0].limits.action: must be \"log\": somebody else runs this process"},
      {"matchs = { exe = 'x' }\ncommand = 'x'",
       "p.toml:3: processes[0].matchs: unknown key; did you mean \"match\"?"},
  }));
  INFO(keys);
  CHECK(lines_of(with_match(keys, "a").faults) == Lines{fault});
}

TEST_CASE("an unknown key of a match is told with those that there are", "[config][match]") {
  CHECK(
      lines_of(with_match("match = { exe = '/x', cmdline = 'y' }", "a").faults) ==
      Lines{"p.toml:3: processes[0].match.cmdline: unknown key; there are unit, cgroup, exe, args, "
            "user"});
}

TEST_CASE("a pattern that can match nothing gives a warning", "[config][match]") {
  if (!supported_facts().unit) SKIP("this system has no units");
  const auto warnings = [](const std::string& match) {
    const LoadedConfig loaded = with_match("match = { " + match + " }", "a");
    CHECK(loaded.faults.empty());
    return lines_of(loaded.warnings);
  };
  const std::string at = "p.toml:3: processes[0].match.";
  CHECK(warnings("exe = 'nginx'") ==
        Lines{at + "exe: matches nothing: paths of programs begin with \"/\", as in \"*/nginx\""});
  CHECK(warnings("exe = './bin/app*'") ==
        Lines{at + "exe: matches nothing: paths of programs begin with \"/\", as in \"*/app*\""});
  CHECK(warnings("cgroup = 'system.slice/*'") ==
        Lines{at + "cgroup: matches nothing: paths of control groups begin with \"/\", as in "
                   "\"/system.slice/*\""});
  for (const std::string unit : {"nginx", "nginx.timer", "nginx*.timer"}) {
    CHECK(warnings("unit = '" + unit + "'") ==
          Lines{at +
                "unit: matches nothing: the units of processes end with \".service\" or "
                "\".scope\", as in \"" +
                unit.substr(0, unit.find('.')) + ".service\""});
  }
  if (const auto root = find_user("0"); root && root->name != "0") {
    CHECK(warnings("user = '0'") ==
          Lines{at + "user: matches nothing: the user with this number has a name, \"" +
                root->name + "\""});
    CHECK(warnings("user = '" + root->name + "'") == Lines{});
  }
  for (const std::string& fine : std::vector<std::string>{
           "user = '4294967294'", "user = '0*'", "exe = '*nginx'", "exe = '?bin/x'",
           "exe = '/bin/x'", "cgroup = '*x'", "unit = 'nginx*'", "unit = 'x.serv?ce'",
           "unit = '*e'", "unit = 's-1.scope'", "unit = '" + std::string(6, '?') + "'"}) {
    CHECK(warnings(fine) == Lines{});
  }
}

TEST_CASE("a unit that is not that of the control group gives a warning", "[config][match]") {
  if (!supported_facts().unit) SKIP("this system has no units");
  const auto warnings = [](const std::string& unit, const std::string& cgroup) {
    const LoadedConfig loaded =
        with_match("match = { unit = '" + unit + "', cgroup = '" + cgroup + "' }", "a");
    CHECK(loaded.faults.empty());
    return lines_of(loaded.warnings);
  };
  const std::string at = "p.toml:3: processes[0].match: matches nothing: the unit of processes in ";
  CHECK(warnings("nginx.service", "/system.slice/redis.service/x") ==
        Lines{at + "\"/system.slice/redis.service/x\" is \"redis.service\""});
  CHECK(warnings("nginx.service", "/user.slice") == Lines{at + "\"/user.slice\" is none"});
  CHECK(warnings("nginx.service", "/system.slice/nginx.service/worker") == Lines{});
  CHECK(warnings("app*", "/user.slice/user@1.service/app-1.scope") == Lines{});
  CHECK(warnings("nginx.service", "/user.slice/*") == Lines{});
}

TEST_CASE("an entry that no process is left for gives a warning", "[config][match]") {
  if (!supported_facts().args) SKIP("this system tells no arguments");
  const auto warnings = [](const std::string& first, const std::string& second) {
    const LoadedConfig loaded =
        parse_config("[[processes]]\nname = 'a'\nmatch = { " + first +
                         " }\n[[processes]]\nname = 'b'\nmatch = { " + second + " }\n",
                     "p.toml");
    CHECK(loaded.faults.empty());
    return lines_of(loaded.warnings);
  };
  const Lines hidden{
      "p.toml:6: processes[1].match: matches nothing: every process that fits it fits the match of "
      "line 3, too, which comes first"};
  CHECK(warnings("exe = '/e*'", "exe = '/e*'") == hidden);
  CHECK(warnings("exe = '/e*'", "exe = '/e*', args = 'x'") == hidden);
  CHECK(warnings("exe = '*'", "exe = '/e'") == hidden);
  CHECK(warnings("exe = '/e?'", "exe = '/e1', user = 'x'") == hidden);
  CHECK(warnings("exe = '/e*', args = 'x'", "exe = '/e*'") == Lines{});
  CHECK(warnings("exe = '*'", "args = 'x'") == Lines{});  // the exe may be unknown
  CHECK(warnings("exe = '/e*'", "exe = '/*'") == Lines{});
  CHECK(warnings("exe = '/e'", "exe = '/f'") == Lines{});
}

TEST_CASE("a pattern may be 512 bytes long", "[config][match]") {
  CHECK(with_match("match = { exe = '/" + std::string(511, 'x') + "' }", "a").faults.empty());
  CHECK(with_match("match = { exe = '" + std::string(513, 'x') + "' }", "a").faults.size() == 1);
}

TEST_CASE("a name may refer to stars of args only, and in a match only", "[config][match]") {
  if (!supported_facts().args) SKIP("this system tells no arguments");
  CHECK(with_match("match = { args = '*a*' }").faults.empty());
  CHECK(lines_of(with_match("match = { args = '*a' }").faults) ==
        Lines{"p.toml:2: processes[0].name: \"{2}\" stands for nothing: match.args has 1 \"*\""});
  CHECK(lines_of(with_match("match = { exe = '**' }").faults) ==
        Lines{"p.toml:2: processes[0].name: \"{2}\" stands for nothing: match.args has 0 \"*\""});
  REQUIRE(with_match("command = 'x'").faults.size() == 1);
  CHECK(with_match("command = 'x'").faults[0].key == "processes[0].name");
}

TEST_CASE("what is about starts has no effect on what others run", "[config][match]") {
  const LoadedConfig loaded =
      with_match("match = { exe = '/x' }\nauto_restart = true\nretry_count = 3", "a");
  CHECK(loaded.faults.empty());
  CHECK(loaded.warnings.size() == 2);
}

TEST_CASE("the name that is shown without a process is taken", "[config][match]") {
  const LoadedConfig loaded = parse_config(
      "[[processes]]\nname = 'a'\nmatch = { exe = 'x' }\n[[processes]]\nname = 'a'\ncommand = "
      "'b'\n",
      "p.toml");
  CHECK(lines_of(loaded.faults) ==
        Lines{"p.toml:5: processes[1].name: the name \"a\" is taken by line 2"});
}
