#include "daemon/config/load.hpp"
#include "daemon/platform/signal_names.hpp"
#include "support/config_lines.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

Lines warnings_in(std::string_view toml) {
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  CHECK(lines_of(loaded.faults) == no_lines);
  return lines_of(loaded.warnings);
}

/// Parses `toml`, which must have neither faults nor warnings.
Config sound(std::string_view toml) {
  const LoadedConfig loaded = parse_config(toml, "p.toml");
  CHECK(lines_of(loaded.faults) == no_lines);
  CHECK(lines_of(loaded.warnings) == no_lines);
  return loaded.config;
}

}  // namespace

TEST_CASE("the flat form is read") {
  const Config config = sound(R"(
[server]
listen = "127.0.0.1:8081"
base_path = "/v1/api/"
[metrics]
enabled = false
listen = "[::1]:9091"
[metrics.process_metrics]
enabled = false
interval = "1m30s"
max_history = 50
[[processes]]
name = "my-app"
command = "python3 'my app.py'"
work_dir = "/srv/app"
env = ["PORT=8000", "EMPTY="]
instances = 3
auto_restart = true
restart_interval = "2s"
max_restart_interval = "30s"
retry_interval = "3s"
start_duration = "0s"
retry_count = 4
stop_signal = "SIGTERM"
stop_timeout = "500ms"
log = { stdout = "out.log", stderr = "err.log", dir = "logs" }
[[processes]]
name = "direct"
args = ["sh", "-c", "echo $HOME"]
pid_file = "/run/direct.pid"
[[processes]]
name = "nginx"
pid_file = "/run/nginx.pid"
)");
  CHECK(config.server.listen.to_string() == "127.0.0.1:8081");
  CHECK(config.server.base_path == "/v1/api");
  CHECK_FALSE(config.metrics.enabled);
  CHECK(config.metrics.listen.to_string() == "[::1]:9091");
  CHECK_FALSE(config.metrics.collection.enabled);
  CHECK(config.metrics.collection.interval == 90s);
  CHECK(config.metrics.collection.max_history == 50);

  REQUIRE(config.processes.size() == 3);
  const ProcessConfig& app = config.processes[0];
  CHECK(app.name == "my-app");
  CHECK(app.argv == Lines{"python3", "my app.py"});
  CHECK(app.work_dir == "/srv/app");
  CHECK(app.env == Lines{"PORT=8000", "EMPTY="});
  CHECK(app.instances == 3);
  CHECK(app.auto_restart);
  CHECK(app.restart_interval == 2s);
  CHECK(app.max_restart_interval == 30s);
  CHECK(app.retry_interval == 3s);
  CHECK(app.start_duration == 0s);
  CHECK(app.retry_count == 4);
  CHECK(app.stop_signal == default_stop_signal);
  CHECK(app.stop_timeout == 500ms);
  CHECK(app.log == ProcessLog{"out.log", "err.log", "logs"});
  CHECK(app.pid_file.empty());
  CHECK_FALSE(app.is_external());

  const ProcessConfig& direct = config.processes[1];
  CHECK(direct.argv == Lines{"sh", "-c", "echo $HOME"});
  CHECK(direct.pid_file == "/run/direct.pid");
  CHECK_FALSE(direct.is_external());

  const ProcessConfig& nginx = config.processes[2];
  CHECK(nginx.is_external());
  CHECK(nginx.pid_file == "/run/nginx.pid");
}

TEST_CASE("what a file does not say has its default") {
  const Config config = sound(process_with("command = 'sleep 1'"));
  CHECK(config.server.listen.to_string() == ":8080");
  CHECK(config.server.base_path == "/api");
  CHECK(config.metrics.enabled);
  CHECK(config.metrics.listen.to_string() == ":9090");
  CHECK(config.metrics.collection.enabled);
  CHECK(config.metrics.collection.interval == 5s);
  CHECK(config.metrics.collection.max_history == 100);
  CHECK(config.metrics.collection.history_ttl == 10min);
  REQUIRE(config.processes.size() == 1);
  CHECK(config.processes[0].work_dir.empty());
  CHECK(config.processes[0].env.empty());
  CHECK(config.processes[0].instances == 1);
  CHECK_FALSE(config.processes[0].auto_restart);
  CHECK(config.processes[0].restart_interval == 1s);
  CHECK(config.processes[0].max_restart_interval == 1min);
  CHECK(config.processes[0].retry_interval == 0s);
  CHECK(config.processes[0].start_duration == 1s);
  CHECK(config.processes[0].retry_count == 0);
  CHECK(config.processes[0].stop_signal == default_stop_signal);
  CHECK(config.processes[0].stop_timeout == 5s);
  CHECK_FALSE(config.processes[0].account);
  CHECK(config.processes[0].log == ProcessLog{});
}

TEST_CASE("the Go provisr's form is read") {
  const std::string_view toml = GENERATE(as<std::string_view>{}, R"(
[[processes]]
type = "process"
spec.name = "my-app"
spec.command = "sh -c 'while true; do sleep 2; done'"
spec.work_dir = "."
spec.auto_restart = true
spec.restart_interval = "3s"
spec.instances = 3
)",
                                         R"(
[[processes]]
[processes.spec]
name = "my-app"
command = "sh -c 'while true; do sleep 2; done'"
work_dir = "."
auto_restart = true
restart_interval = "3s"
instances = 3
)");
  const Config config = sound(toml);
  REQUIRE(config.processes.size() == 1);
  const ProcessConfig& demo = config.processes[0];
  CHECK(demo.name == "my-app");
  CHECK(demo.argv == Lines{"sh", "-c", "while true; do sleep 2; done"});
  CHECK(demo.work_dir == ".");
  CHECK(demo.auto_restart);
  CHECK(demo.restart_interval == 3s);
  CHECK(demo.instances == 3);
}

TEST_CASE("variables of the file come before those of a process") {
  const Config config =
      sound("env = [\"A=1\", \"B=${A}\"]\n" + process_with("command = 'b'\nenv = ['A=2']") +
            "[[processes]]\nname = 'watched'\npid_file = '/run/w.pid'\n");
  REQUIRE(config.processes.size() == 2);
  CHECK(config.processes[0].env == Lines{"A=1", "B=${A}", "A=2"});
  CHECK(config.processes[0].inherits_env);
  CHECK(config.processes[1].env.empty());
}

TEST_CASE("processes inherit the environment unless the file says otherwise") {
  CHECK(sound("use_os_env = true\n" + process_with("command = 'b'")).processes.at(0).inherits_env);
  const Config config = sound("use_os_env = false\n" + process_with("command = 'b'"));
  CHECK_FALSE(config.processes.at(0).inherits_env);
}

TEST_CASE("the file's log is that of each process that names none") {
  const Config config = sound(R"([log]
dir = "logs"
[[processes]]
name = "none"
command = "b"
[[processes]]
name = "unnamed"
command = "b"
log = { stdout = "" }
[[processes]]
name = "own"
command = "b"
log = { stderr = "err.log" }
[[processes]]
name = "watched"
pid_file = "/run/w.pid"
)");
  REQUIRE(config.processes.size() == 4);
  CHECK(config.processes[0].log == ProcessLog{"", "", "logs"});
  CHECK(config.processes[1].log == ProcessLog{"", "", "logs"});
  CHECK(config.processes[2].log == ProcessLog{"", "err.log", ""});
  CHECK(config.processes[3].log == ProcessLog{});
}

TEST_CASE("a flat process may say that it is one") {
  CHECK(sound(process_with("command = \"true\"\ntype = \"process\"")).processes.size() == 1);
}

TEST_CASE("each section and key of the Go provisr's that is not served gives one warning") {
  CHECK(warnings_in(R"(pid_dir = "pids"
env_files = [".env"]
[server]
tls.enabled = false
tls.dir = "/tls"
enabled = true
[server.auth]
enabled = false
[history]
enabled = false
in_store = true
[log]
dir = "/var/log"
max_size_mb = 10
[store]
dsn = "x"
[daemon]
pid_file = "x"
[[groups]]
name = "one"
[[groups]]
name = "two"
[[processes]]
type = "process"
spec.name = "a"
spec.command = "true"
spec.priority = 10
spec.depends_on = ["b"]
spec.detached = true
spec.retries = 2
spec.startsecs = 1
spec.schedule = ""
spec.lifecycle.pre_start = []
[processes.spec.log]
compress = true
[[processes.spec.detectors]]
type = "command"
command = "pgrep x"
)") == Lines{
           "p.toml:1: pid_dir: not served by provisrd; skipped",
           "p.toml:2: env_files: not served by provisrd; skipped",
           "p.toml:4: server.tls: not served by provisrd; skipped",
           "p.toml:6: server.enabled: not served by provisrd; skipped",
           "p.toml:8: server.auth.enabled: not served by provisrd; skipped",
           "p.toml:9: history: not served by provisrd; skipped",
           "p.toml:14: log.max_size_mb: not served by provisrd; skipped",
           "p.toml:15: store: not served by provisrd; skipped",
           "p.toml:18: daemon.pid_file: not served by provisrd; skipped",
           "p.toml:19: groups: not served by provisrd; skipped",
           "p.toml:27: processes[0].spec.priority: not served by provisrd; skipped",
           "p.toml:28: processes[0].spec.depends_on: not served by provisrd; skipped",
           "p.toml:29: processes[0].spec.detached: not served by provisrd; skipped",
           "p.toml:30: processes[0].spec.retries: not served by provisrd; skipped",
           "p.toml:31: processes[0].spec.startsecs: not served by provisrd; skipped",
           "p.toml:32: processes[0].spec.schedule: not served by provisrd; skipped",
           "p.toml:33: processes[0].spec.lifecycle: not served by provisrd; skipped",
           "p.toml:35: processes[0].spec.log.compress: not served by provisrd; skipped",
           "p.toml:36: processes[0].spec.detectors: not served by provisrd; skipped",
       });
}

TEST_CASE("scheduled jobs are skipped as a whole") {
  const std::string type = GENERATE("cronjob", "cron", "job");
  const LoadedConfig loaded = parse_config("[[processes]]\ntype = \"" + type +
                                               "\"\nspec.schedule = \"@daily\"\nspec.odd = 1\n"
                                               "[[processes]]\nname = \"a\"\ncommand = \"true\"\n",
                                           "p.toml");
  CHECK(lines_of(loaded.faults) == no_lines);
  CHECK(lines_of(loaded.warnings) ==
        Lines{"p.toml:1: processes[0]: scheduled jobs are not served by provisrd; skipped"});
  CHECK(loaded.config.processes.size() == 1);
}

TEST_CASE("a file without processes gives a warning") {
  CHECK(warnings_in("") == Lines{"p.toml: no [[processes]]: there is nothing to watch"});
}

TEST_CASE("keys without effect on a process that somebody else runs give a warning") {
  CHECK(warnings_in(
            process_with("pid_file = \"/run/a.pid\"\nauto_restart = true\nenv = [\"A=1\"]")) ==
        Lines{
            "p.toml:4: processes[0].auto_restart: has no effect: provisrd does not start this "
            "process",
            "p.toml:5: processes[0].env: has no effect: provisrd does not start this process",
        });
}

TEST_CASE("a path that a shell would expand gives a warning", "[config]") {
  const std::string path = GENERATE("~", "~/app", "$HOME/app", "/srv/${NAME}/app");
  const std::string why =
      ": \"" + path + "\" is taken literally: ~ and variables are not expanded in a path";
  CHECK(warnings_in(process_with("command = 'b'\nwork_dir = '" + path + "'\nlog.dir = '" + path +
                                 "'\npid_file = '" + path + "'")) ==
        Lines{"p.toml:4: processes[0].work_dir" + why, "p.toml:5: processes[0].log.dir" + why,
              "p.toml:6: processes[0].pid_file" + why});
}

TEST_CASE("other paths with ~ and $ are plain", "[config]") {
  const std::string path = GENERATE("a~", "~user", "/a/~/b", "/a/$b");
  static_cast<void>(sound(process_with("command = 'b'\nwork_dir = '" + path + "'")));
}

TEST_CASE("a file is loaded under its path") {
  const TempDirectory directory;
  const auto file = directory.path() / "p.toml";
  std::ofstream(file) << process_with("command = 'b'\nodd = 1") << std::string(10000, '#') << "\n";
  const LoadedConfig loaded = load_config(file);
  REQUIRE(loaded.config.processes.size() == 1);
  CHECK(loaded.config.processes[0].argv == Lines{"b"});
  CHECK(lines_of(loaded.faults) == Lines{file.string() + ":4: processes[0].odd: unknown key"});
}

TEST_CASE("an empty file can be read") {
  const TempDirectory directory;
  const auto file = directory.path() / "empty.toml";
  std::ofstream(file).close();
  CHECK(load_config(file).faults.empty());
}

TEST_CASE("a file that cannot be read is a fault") {
  const TempDirectory directory;
  const auto missing = directory.path() / "missing.toml";
  CHECK(lines_of(load_config(missing).faults) ==
        Lines{missing.string() + ": cannot be read: No such file or directory"});
  const auto folder = directory.path() / "";
  CHECK(lines_of(load_config(folder).faults) ==
        Lines{folder.string() + ": cannot be read: Is a directory"});
}
