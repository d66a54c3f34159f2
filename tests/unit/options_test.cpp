#include "daemon/cli/options.hpp"

#include "daemon/api/control.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"
#include "daemon/platform/platform_features.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using namespace std::chrono_literals;
using Arguments = std::vector<std::string_view>;
using Words = std::vector<std::string>;

namespace {

std::string error_of(const Arguments& arguments) {
  try {
    static_cast<void>(parse_options(arguments));
    return "no error";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a configuration file is named by a word or by --config") {
  const Arguments arguments =
      GENERATE(Arguments{"p.toml"}, Arguments{"--config", "p.toml"}, Arguments{"--config=p.toml"},
               Arguments{"--", "p.toml"}, Arguments{"p.toml", "--"});
  const Options options = parse_options(arguments);
  CHECK(options.action == Action::serve);
  CHECK(options.config_file == "p.toml");
  CHECK(options.log_level == LogLevel::info);
  CHECK_FALSE(options.listen.has_value());
  CHECK_FALSE(options.metrics_listen.has_value());
  CHECK_FALSE(options.interval.has_value());
}

TEST_CASE("a file of an option's or a command's name can be meant") {
  CHECK(parse_options(Arguments{"--", "--check"}).config_file == "--check");
  CHECK(parse_options(Arguments{"--", "run"}).config_file == "run");
  CHECK(parse_options(Arguments{"--config", "run"}).config_file == "run");
}

TEST_CASE("the file to check is named before or after --check") {
  const Arguments arguments =
      GENERATE(Arguments{"--check", "p.toml"}, Arguments{"p.toml", "--check"},
               Arguments{"--check", "--config", "p.toml"});
  const Options options = parse_options(arguments);
  CHECK(options.action == Action::check);
  CHECK(options.config_file == "p.toml");
}

TEST_CASE("values follow as a word or behind =") {
  const Arguments arguments =
      GENERATE(Arguments{"--log-level", "debug", "--listen", "127.0.0.1:1", "--metrics-listen",
                         ":2", "--interval", "1s", "p.toml"},
               Arguments{"p.toml", "--log-level=debug", "--listen=127.0.0.1:1",
                         "--metrics-listen=:2", "--interval=1s"});
  const Options options = parse_options(arguments);
  CHECK(options.log_level == LogLevel::debug);
  REQUIRE(options.listen.has_value());
  CHECK(options.listen->to_string() == "127.0.0.1:1");
  REQUIRE(options.metrics_listen.has_value());
  CHECK(options.metrics_listen->to_string() == ":2");
  CHECK(options.interval == 1s);
}

TEST_CASE("the last of several values counts") {
  CHECK(parse_options(Arguments{"p", "--interval=1s", "--interval=2s"}).interval == 2s);
}

TEST_CASE("run takes its options up to the command and leaves the rest alone") {
  const Arguments arguments =
      GENERATE(Arguments{"--log-level", "warn", "run", "--name", "web", "--instances", "3",
                         "--interval=1s", "--", "python3", "--help", "run", "--", "-x=1"},
               Arguments{"--log-level=warn", "--interval=1s", "--name=web", "run", "--instances=3",
                         "python3", "--help", "run", "--", "-x=1"});
  const Options options = parse_options(arguments);
  CHECK(options.action == Action::run);
  CHECK(options.log_level == LogLevel::warn);
  CHECK(options.interval == 1s);
  CHECK(options.name == "web");
  CHECK(options.instances == 3);
  CHECK(options.command == Words{"python3", "--help", "run", "--", "-x=1"});
}

TEST_CASE("run takes the name from the command") {
  CHECK(parse_options(Arguments{"run", "/usr/bin/python3.11", "app.py"}).name == "python3.11");
  CHECK(parse_options(Arguments{"run", "./server"}).name == "server");
  CHECK(parse_options(Arguments{"run", "--", "--odd"}).name == "--odd");
}

TEST_CASE("help and version are given whatever else there is") {
  CHECK(parse_options(Arguments{"--help"}).action == Action::help);
  CHECK(parse_options(Arguments{"-h"}).action == Action::help);
  CHECK(parse_options(Arguments{"--version"}).action == Action::version);
  CHECK(parse_options(Arguments{"run", "--help"}).action == Action::help);
  CHECK(parse_options(Arguments{"--name", "x", "--version", "--nonsense"}).action ==
        Action::version);
}

TEST_CASE("a wrong command line is told in one sentence") {
  using Case = std::pair<Arguments, std::string_view>;
  const auto [arguments, text] = GENERATE(
      Case{{}, "no configuration file; name one, or use 'provisrd run COMMAND'"},
      Case{{"--check"}, "no configuration file; name one, or use 'provisrd run COMMAND'"},
      Case{{"--lisen=:1", "p"}, "unknown option \"--lisen\"; did you mean \"--listen\"?"},
      Case{{"-config", "p"}, "unknown option \"-config\"; did you mean \"--config\"?"},
      Case{{"--frobnicate"}, "unknown option \"--frobnicate\""},
      Case{{"-x"}, "unknown option \"-x\""}, Case{{"--config"}, "--config needs a value"},
      Case{{"p", "--interval"}, "--interval needs a value"},
      Case{{"--help=yes"}, "--help takes no value"}, Case{{"--check=p"}, "--check takes no value"},
      Case{{"--config="}, "--config: the configuration file's name is empty"},
      Case{{""}, "the configuration file's name is empty"},
      Case{{"p", "q"}, "more than one configuration file: \"p\" and \"q\""},
      Case{{"p", "run"}, "'run' takes no configuration file"},
      Case{{"p", "--log-level", "loud"},
           "--log-level: must be debug, info, warn or error, is \"loud\""},
      Case{
          {"p", "--listen", "8080"},
          "--listen: \"8080\" has no port; \"host:port\", \":port\" or \"unix:/path\" is expected"},
      Case{{"p", "--metrics-listen=:x"},
           "--metrics-listen: \":x\" has no valid port: 0 to 65535 is expected behind the last "
           "colon"},
      Case{{"p", "--interval=5"},
           "--interval: \"5\" has no unit; ns, us, ms, s, m or h is expected"},
      Case{{"p", "--interval=1ms"}, "--interval: must be 10ms to 24h, is 1ms"},
      Case{{"p", "--name=a"}, "--name is for 'provisrd run' only"},
      Case{{"p", "--instances=2"}, "--instances is for 'provisrd run' only"},
      Case{{"--check", "run", "a"}, "--check is for a configuration file, not for 'run'"},
      Case{{"run", "--check", "a"}, "--check is for a configuration file, not for 'run'"},
      Case{{"run"}, "'run' needs a command"}, Case{{"run", "--"}, "'run' needs a command"},
      Case{{"run", ""}, "the command to run is empty"},
      Case{{"--config", "p", "run", "a"}, "'run' takes no configuration file"},
      Case{{"run", "--config", "p", "a"}, "'run' takes no configuration file"},
      Case{
          {"run", "--name", "a b", "c"},
          "--name: \"a b\" is not a process name; 1 to 128 of A-Z a-z 0-9 . _ - without \"..\" are "
          "expected"},
      Case{{"run", "./my app", "x"}, "\"my app\" is not a process name; give one with --name"},
      Case{{"run", "app --port 0"},
           "\"app --port 0\" is not a process name; give one with --name, or each argument as a "
           "word of its own, without quotes"},
      Case{{"run", "dir/"}, "\"\" is not a process name; give one with --name"},
      Case{{"run", "--instances=0", "a"}, "--instances: must be 1 to 1000, is 0"},
      Case{{"run", "--instances=1001", "a"}, "--instances: must be 1 to 1000, is 1001"},
      Case{{"run", "--instances=two", "a"}, "--instances: must be a number, is \"two\""},
      Case{{"run", "--instances=2x", "a"}, "--instances: must be a number, is \"2x\""},
      Case{{"run", "--instances=", "a"}, "--instances: must be a number, is \"\""});
  CHECK(error_of(arguments) == text);
}

TEST_CASE("a client command takes names and options in any order") {
  const Arguments arguments = GENERATE(
      Arguments{"status", "a", "b-1", "a", "--json", "--url", "http://h:1/x", "--token-file", "t"},
      Arguments{"--url=http://h:1/x", "--json", "status", "--token-file=t", "--", "a", "b-1"});
  const Options options = parse_options(arguments);
  CHECK(options.action == Action::status);
  CHECK(options.client.names == Words{"a", "b-1"});
  CHECK(options.client.json);
  CHECK(options.client.token_file == "t");
  REQUIRE(options.client.server.has_value());
  CHECK(options.client.server->to_string() == "http://h:1/x");
}

TEST_CASE("top takes names, how often to look, and what to print") {
  const Options plain = parse_options(Arguments{"top"});
  CHECK(plain.action == Action::top);
  CHECK(plain.client.refresh == std::chrono::seconds(2));
  CHECK_FALSE(plain.client.once);
  const Options all = parse_options(
      Arguments{"top", "--once", "app", "--json", "--interval=500ms", "--url=http://a", "db"});
  CHECK(all.client.once);
  CHECK(all.client.json);
  CHECK(all.client.refresh == std::chrono::milliseconds(500));
  CHECK(all.client.names == std::vector<std::string>{"app", "db"});
  CHECK(parse_options(Arguments{"top", "--interval=10ms"}).client.refresh ==
        std::chrono::milliseconds(100));
}

TEST_CASE("start, stop and restart wait a minute, or as long as they are told") {
  using Case = std::pair<std::string_view, Action>;
  const auto [word, action] = GENERATE(Case{"start", Action::start}, Case{"stop", Action::stop},
                                       Case{"restart", Action::restart});
  CHECK(parse_options(Arguments{word, "a"}).action == action);
  CHECK(parse_options(Arguments{word, "a"}).client.wait == 1min);
  CHECK(parse_options(Arguments{word, "a", "--wait=5s"}).client.wait == 5s);
  CHECK(parse_options(Arguments{"--no-wait", word, "a"}).client.wait == 0s);
  CHECK(parse_options(Arguments{"reload"}).action == Action::reload);
}

TEST_CASE("the command line lets provisrd wait as long as the API does") {
  CHECK(wait_limits.most == Control::longest_wait);
}

TEST_CASE("without options a client command leaves the place to others") {
  const Options options = parse_options(Arguments{"status"});
  CHECK(options.client.names.empty());
  CHECK(options.client.token_file.empty());
  CHECK_FALSE(options.client.json);
  CHECK_FALSE(options.client.server.has_value());
}

TEST_CASE("beside a socket, a URL says which base path the API has") {
  if (!platform_features().has_unix_sockets) SKIP("this system has no Unix sockets");
  const Options options =
      parse_options(Arguments{"status", "--socket=s", "--url=http://localhost/x"});
  CHECK(options.client.server ==
        ServerUrl{.address = {.host = "", .port = 0, .path = "s"}, .base_path = "/x"});
  CHECK(parse_options(Arguments{"status", "--socket=s"}).client.server ==
        ServerUrl{.address = {.host = "", .port = 0, .path = "s"}});
  CHECK(error_of({"status", "--socket=s", "--url=unix:t"}) ==
        "--socket and a --url of a socket exclude each other");
}

TEST_CASE("the words of client commands are only commands where one can be") {
  CHECK(parse_options(Arguments{"./status"}).config_file == "./status");
  CHECK(parse_options(Arguments{"--config", "status"}).config_file == "status");
  CHECK(parse_options(Arguments{"--", "status"}).config_file == "status");
  CHECK(parse_options(Arguments{"--check", "status"}).config_file == "status");
  CHECK(parse_options(Arguments{"run", "status"}).command == Words{"status"});
  CHECK(parse_options(Arguments{"status", "run", "status"}).client.names == Words{"run", "status"});
}

TEST_CASE("a wrong client command is told in one sentence") {
  const std::string_view clients = "status, start, stop, restart, reload, top";
  using Case = std::pair<Arguments, std::string>;
  const auto [arguments, text] = GENERATE_COPY(
      Case{{"p", "status"}, "more than one configuration file: \"p\" and \"status\""},
      Case{{"status", "--check"}, "--check is for a configuration file, not for 'status'"},
      Case{{"status", "a b"},
           "\"a b\" is not a process name; 1 to 128 of A-Z a-z 0-9 . _ - without \"..\" are "
           "expected"},
      Case{{"status", ""},
           "\"\" is not a process name; 1 to 128 of A-Z a-z 0-9 . _ - without \"..\" are expected"},
      Case{{"status", "--listen=:1"},
           "--listen is for a provisrd that runs processes, not for a command that asks one"},
      Case{{"status", "--config=p"},
           "--config is for a provisrd that runs processes, not for a command that asks one"},
      Case{{"status", "--name=a"}, "--name is for 'provisrd run' only"},
      Case{{"--url=http://a", "p"},
           fmt::format("--url is for the commands that ask a running provisrd only: {}", clients)},
      Case{{"run", "--token-file=a", "b"},
           fmt::format("--token-file is for the commands that ask a running provisrd only: {}",
                       clients)},
      Case{{"--json", "p"}, "--json is for 'provisrd status' and 'top' only"},
      Case{{"status", "--once"}, "--once is for 'provisrd top' only"},
      Case{{"status", "--interval=1s"},
           "--interval is for a provisrd that runs processes, not for a command that asks one"},
      Case{{"top", "--listen=:1"},
           "--listen is for a provisrd that runs processes, not for a command that asks one"},
      Case{{"status", "--token-file="}, "--token-file: the file's name is empty"},
      Case{{"status", "--url"}, "--url needs a value"},
      Case{{"status", "--url=x"}, "--url: \"x\" must begin with http:// or unix:"},
      Case{{"status", "--json=1"}, "--json takes no value"},
      Case{{"start"}, "'start' needs the name of a process or base"},
      Case{{"stop", "--wait=1s"}, "'stop' needs the name of a process or base"},
      Case{{"restart", "--"}, "'restart' needs the name of a process or base"},
      Case{{"reload", "a"}, "'reload' takes no name: it reads the whole file again"},
      Case{{"reload", "--wait=1s"}, "--wait is for 'provisrd start', 'stop' and 'restart' only"},
      Case{{"status", "a", "--no-wait"},
           "--no-wait is for 'provisrd start', 'stop' and 'restart' only"},
      Case{{"start", "a", "--json"}, "--json is for 'provisrd status' and 'top' only"},
      Case{{"start", "a", "--wait=1s", "--no-wait"}, "--wait and --no-wait exclude each other"},
      Case{{"start", "a", "--wait=11m"}, "--wait: must be 1ms to 10m, is 11m"},
      Case{{"status", "--jsno"}, "unknown option \"--jsno\"; did you mean \"--json\"?"});
  CHECK(error_of(arguments) == text);
}

TEST_CASE("run refuses a name that is too long for its instances") {
  const std::string name(127, 'a');
  CHECK(error_of({"run", "--name", name, "--instances", "2", "b"}) ==
        "the name \"" + name + "\" is too long for 2 instances");
  CHECK(error_of({"run", "--name", name, "b"}) == "no error");
}

TEST_CASE("a usage message is one line and a hint") {
  CHECK(usage_message(UsageError("unknown option \"--a\nb\"")) ==
        "provisrd: unknown option \"--a\\nb\"\ntry 'provisrd --help'\n");
}

TEST_CASE("run gives a configuration with that one process") {
  const Config config =
      run_config(parse_options(Arguments{"--interval=1s", "--listen=:1", "--metrics-listen=:2",
                                         "run", "--instances=2", "sleep", "a  b", "$HOME"}));
  REQUIRE(config.processes.size() == 1);
  const ProcessConfig& process = config.processes[0];
  CHECK(process.name == "sleep");
  CHECK(process.argv == Words{"sleep", "a  b", "$HOME"});
  CHECK(process.instances == 2);
  CHECK_FALSE(process.auto_restart);
  CHECK(process.pid_file.empty());
  CHECK(config.metrics.collection.interval == 1s);
  CHECK(config.server.listen.to_string() == ":1");
  CHECK(config.metrics.listen.to_string() == ":2");
}

TEST_CASE("run has the defaults of a file") {
  const Config config = run_config(parse_options(Arguments{"run", "sleep"}));
  CHECK(config.server.listen.to_string() == ":8080");
  CHECK(config.metrics.listen.to_string() == ":9090");
  CHECK(config.metrics.collection.interval == 5s);
  CHECK(config.metrics.collection.max_history == 100);
}

TEST_CASE("the command line stands in place of what the file says, and only there") {
  Config config;
  config.server.listen = parse_listen_address(":1111");
  config.metrics.listen = parse_listen_address(":2222");
  config.metrics.collection.interval = 7s;
  apply_overrides(parse_options(Arguments{"p"}), config);
  CHECK(config.server.listen.port == 1111);
  CHECK(config.metrics.listen.port == 2222);
  CHECK(config.metrics.collection.interval == 7s);
  apply_overrides(parse_options(Arguments{"p", "--listen=:3333", "--interval=1s"}), config);
  CHECK(config.server.listen.port == 3333);
  CHECK(config.metrics.listen.port == 2222);
  CHECK(config.metrics.collection.interval == 1s);
}

TEST_CASE("two servers on one address are refused while both run") {
  const Options options = parse_options(Arguments{"p", "--listen", ":9090"});
  Config config;
  CHECK_THROWS_MATCHES(apply_overrides(options, config), UsageError,
                       Catch::Matchers::Message(
                           "the JSON API's address :9090 clashes with that of Prometheus, :9090"));
  config.metrics.enabled = false;
  CHECK_NOTHROW(apply_overrides(options, config));
}

TEST_CASE("the help names every option and every exit status in less than 80 columns") {
  const std::string_view help = help_text();
  for (const std::string_view word :
       {"--config", "--check",     "--listen",     "--metrics-listen", "--interval", "--log-level",
        "--name",   "--instances", "--help",       "--version",        "run",        "status",
        "start",    "stop",        "restart",      "reload",           "--url",      "--socket",
        "--wait",   "--no-wait",   "--token-file", "--json",           "\n  0  ",    "\n  1  ",
        "\n  2  ",  "\n  3  ",     "\n  4  ",      "Examples:"}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string_view::npos);
  }
  CHECK(help.ends_with('\n'));
  for (std::size_t start = 0; start < help.size();) {
    const std::size_t end = help.find('\n', start);
    CHECK(end - start < 80);
    start = end + 1;
  }
}
