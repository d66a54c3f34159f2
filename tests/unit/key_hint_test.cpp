#include "daemon/config/keys.hpp"
#include "daemon/config/load.hpp"
#include "support/config_lines.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <string_view>

using namespace provisr::daemon;
using namespace provisr::test;

namespace {

/// Returns what the fault of a file with an unknown key says after "unknown key".
std::string hint_in(const std::string& toml) {
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  REQUIRE(loaded.faults.size() == 1);
  constexpr std::string_view start = "unknown key";
  REQUIRE(loaded.faults[0].text.starts_with(start));
  return loaded.faults[0].text.substr(start.size());
}

}  // namespace

TEST_CASE("the hint for a key of another supervisor is the key of the same meaning", "[config]") {
  const auto [key, same] = GENERATE(table<std::string, std::string>({
      {"directory", "work_dir"},
      {"WorkingDirectory", "work_dir"},
      {"environment", "env"},
      {"numprocs", "instances"},
      {"stopwaitsecs", "stop_timeout"},
      {"startretries", "retry_count"},
      {"stopsignal", "stop_signal"},
      {"autorestart", "auto_restart"},
      {"RestartSec", "restart_interval"},
      {"stdout_logfile", "log.stdout"},
      {"error_file", "log.stderr"},
      {"max_memory_restart", "limits.max_memory_mb"},
  }));
  CHECK(hint_in(process_with("command = 'b'\n" + key + " = 1")) ==
        "; did you mean \"" + same + "\"?");
}

TEST_CASE("a key of another supervisor has that hint only where it can be followed", "[config]") {
  CHECK(hint_in("directory = 'a'\nprocesses = []\n") == "");
  CHECK(hint_in("environment = 'a'\nprocesses = []\n") == "; did you mean \"env\"?");
}

TEST_CASE("a key in the wrong table is told with the table that it belongs in", "[config]") {
  const auto [toml, place] = GENERATE(table<std::string, std::string>({
      {"state_dir = '/a'\nprocesses = []\n", "in [daemon]"},
      {"limits = {}\nprocesses = []\n", "in [[processes]]"},
      {"listen = ':1'\nprocesses = []\n", "in [server] or in [metrics]"},
      {"processes = []\n[server]\ntoken_file = '/a'\n", "in [server.auth]"},
      {"processes = []\n[server]\nprograms_directory = 'a'\n",
       "at the top of the configuration file"},
      {process_with("command = 'b'\nmax_memory_mb = 1"), "in [processes.limits]"},
      {process_with("command = 'b'\nlog.work_dir = 'a'"), "in [[processes]]"},
      {process_with("command = 'b'\ndir = 'a'"), "in [processes.log] or [log]"},
      {"[[processes]]\nspec = {name = 'a', command = 'b', exe = 'c'}\n", "in [processes.match]"},
  }));
  CHECK(hint_in(toml) == "; it belongs " + place);
}

TEST_CASE("no hint names a key that is skipped", "[config]") {
  CHECK(hint_in(process_with("command = 'b'\ndetector = 1")) == "");
  CHECK(hint_in("processes = []\n[daemon]\npidfile = 'a'\n") == "; there is only state_dir");
}
