// The real daemon with standard streams that are closed, full, stalled or without a reader.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <signal.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::test;

namespace {

// Shell commands that set up standard error; $fifo is a new FIFO.
constexpr std::string_view closed = "exec 2>&-";
constexpr std::string_view dead_pipe = "exec 3<>$fifo 2>$fifo 3>&-";
constexpr std::string_view full = "exec 2>/dev/full";
constexpr std::string_view stalled_pipe =
    "exec 3<>$fifo; dd if=/dev/zero of=$fifo oflag=nonblock bs=512 count=100000 2>/dev/null; "
    "exec 2>&3 3>&-";

/// Starts provisrd from a shell that sets up its streams first.
[[nodiscard]] Program provisrd(std::string_view streams, const TempDirectory& folder,
                               const std::vector<std::string>& arguments) {
  const auto fifo = (folder.path() / "fifo").string();
  std::vector<std::string> command{
      "sh", "-c", fmt::format("fifo={0}; mkfifo $fifo; {1}; exec \"$@\"", fifo, streams), "sh",
      provisrd_path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Program(std::move(command), folder.path());
}

[[nodiscard]] int exit_code(std::string_view streams, const std::vector<std::string>& arguments) {
  const TempDirectory folder;
  Program program = provisrd(streams, folder, arguments);
  return program.wait().value_or(-1);
}

}  // namespace

TEST_CASE("provisrd starts, serves and ends whatever its standard error is") {
  const std::string_view streams = GENERATE(closed, dead_pipe, full, stalled_pipe);
  CAPTURE(streams);
  const TempDirectory folder;
  const int port = free_port();
  const auto file = folder.write("provisr.toml", "[history]\n[[processes]]\nname = \"app\"\n" +
                                                     child_args({"exiter", "3"}) +
                                                     "auto_restart = true\n"
                                                     "restart_interval = \"1ms\"\n"
                                                     "start_duration = \"0s\"\n");
  Program program = provisrd(
      streams, folder,
      {file.string(), "--log-level", "debug", "--listen", fmt::format("127.0.0.1:{}", port),
       "--metrics-listen", fmt::format("127.0.0.1:{}", free_port())});
  const auto restarts = [&] {
    rapidjson::Document status;
    status.Parse(http_get(port, "/api/status").body.c_str());
    return status.HasParseError() ? 0 : status["processes"][0]["restarts"].GetInt();
  };
  CHECK(eventually([&] { return restarts() > 20; }));
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
}

TEST_CASE("a bad configuration or command line is status 2 whatever standard error is") {
  const std::string_view streams = GENERATE(closed, dead_pipe, full, stalled_pipe);
  CAPTURE(streams);
  CHECK(exit_code(streams, {"--no-such-option"}) == 2);
  CHECK(exit_code(streams, {"/no/such/file.toml"}) == 2);
}

TEST_CASE("output that could not be written is status 1") {
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "");
  const std::string_view streams =
      GENERATE("exec >/dev/full", "exec >&-", "exec 3<>$fifo >$fifo 3>&-");
  CAPTURE(streams);
  CHECK(exit_code(streams, {"--version"}) == 1);
  CHECK(exit_code(streams, {"--help"}) == 1);
  CHECK(exit_code(streams, {"--check", file.string()}) == 1);
}

TEST_CASE("warnings of --check that could not be written are status 1") {
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "[history]\n");
  const std::string_view streams = GENERATE(closed, dead_pipe, full);
  CAPTURE(streams);
  CHECK(exit_code(streams, {"--check", file.string()}) == 1);
}

TEST_CASE("lines to the journal have levels instead of times") {
  const TempDirectory folder;
  const auto faulty = folder.write("faulty.toml", "nonsense = 1\n").string();
  const auto run = [](const std::string& stream, const std::string& arguments) {
    return run_to_end(
               {"/bin/sh", "-c",
                fmt::format("JOURNAL_STREAM={} exec {} {}", stream, provisrd_path(), arguments)})
        .err;
  };
  const std::string own = "$(stat -Lc %d:%i /dev/fd/2)";
  CHECK(run(own, "run --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 -- true")
            .starts_with("<6>JSON API on"));
  CHECK(run(own, "run --nonsense").starts_with("<3>provisrd: "));
  CHECK(run(own, faulty).starts_with("<3>" + faulty));
  CHECK(run(own, "--check " + faulty).starts_with("<3>" + faulty));

  const std::string other = GENERATE("1:2", "''", "$(stat -Lc %d:%i /dev/fd/2)1", "1", "x:y");
  CHECK(run(other, faulty).starts_with(faulty));
}
