// Settings for all processes of a configuration, and processes in their own files, in the real
// daemon.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A provisrd with a configuration, a folder "programs" beside it, and a folder "logs".
class MovedWorld {
 public:
  MovedWorld() { std::filesystem::create_directory(folder_.path() / "programs"); }

  void configure(std::string_view top, std::string_view processes = "") const {
    write("provisr.toml",
          fmt::format("{}\n[server]\nlisten = \"unix:{}\"\n[metrics]\nenabled = false\n{}", top,
                      socket(), processes));
  }
  void write_program(std::string_view name, std::string_view more = "") const {
    write(fmt::format("programs/{}.toml", name),
          fmt::format("type = \"process\"\n[spec]\nname = \"{}\"\nstart_duration = \"0s\"\n{}{}\n",
                      name, child_args({"threader", "1"}), more));
  }
  void remove_program(std::string_view name) const {
    std::filesystem::remove(folder_.path() / "programs" / fmt::format("{}.toml", name));
  }
  /// Writes a file atomically, by a rename.
  void write(const std::filesystem::path& name, std::string_view text) const {
    std::filesystem::rename(folder_.write("new", text), folder_.path() / name);
  }
  [[nodiscard]] std::string log_of(std::string_view name) const {
    const auto file = folder_.path() / "logs" / fmt::format("{}.stdout.log", name);
    return std::filesystem::exists(file) ? read_text(file) : "";
  }
  [[nodiscard]] std::string logs_key() const {
    return fmt::format("[log]\ndir = \"{}\"\n", (folder_.path() / "logs").string());
  }

  void start() {
    daemon_.emplace(std::vector<std::string>{provisrd_path(), file()}, folder_.path());
    REQUIRE(eventually([&] { return std::filesystem::exists(socket()); }));
  }
  /// Runs `provisrd COMMAND --socket ...` and returns its output. status() is the exit status.
  [[nodiscard]] std::string ask(std::vector<std::string> words) {
    std::vector<std::string> command{provisrd_path()};
    for (std::string& word : words) command.push_back(std::move(word));
    command.insert(command.end(), {"--socket", socket()});
    const TempDirectory folder;
    Program program(std::move(command), folder.path());
    status_ = program.wait().value_or(-1);
    return program.out() + program.err();
  }
  [[nodiscard]] bool runs(const std::string& name) {
    static_cast<void>(ask({"status", name}));
    return status_ == 0;
  }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string check() const {
    const TempDirectory folder;
    Program program({provisrd_path(), "--check", file()}, folder.path());
    CHECK(program.wait() == 2);
    return program.err();
  }
  [[nodiscard]] Program& daemon() { return *daemon_; }

 private:
  [[nodiscard]] std::string file() const { return (folder_.path() / "provisr.toml").string(); }
  [[nodiscard]] std::string socket() const { return (folder_.path() / "socket").string(); }

  TempDirectory folder_;
  std::optional<Program> daemon_;
  int status_ = -1;
};

constexpr std::string_view programs = "programs_directory = \"programs\"\n";

/// Configures a process that prints its environment and keeps running.
std::string printer(std::string_view name, std::string_view keys = "") {
  return fmt::format(
      "[[processes]]\nname = \"{}\"\nstart_duration = \"0s\"\n"
      "args = [\"/bin/sh\", \"-c\", \"/usr/bin/env && exec /bin/sleep 1000\"]\n{}\n",
      name, keys);
}

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find(fmt::format("\n{}\n", line)) != std::string::npos;
}

}  // namespace

TEST_CASE("processes have the variables of the file, then their own") {
  REQUIRE(setenv("PROVISR_TEST_INHERITED", "inherited", 1) == 0);
  MovedWorld world;
  SECTION("beside those of provisrd") {
    world.configure("env = [\"A=1\", \"B=${A}-${PROVISR_TEST_INHERITED}\", \"C=${OWN}\"]",
                    printer("app", "env = [\"A=2\", \"OWN=own\"]") + world.logs_key());
    world.start();
    REQUIRE(eventually([&] { return has_line(world.log_of("app"), "OWN=own"); }));
    const std::string variables = world.log_of("app");
    CHECK(has_line(variables, "A=2"));
    CHECK(has_line(variables, "B=2-inherited"));
    CHECK(has_line(variables, "C=own"));
    CHECK(has_line(variables, "PROVISR_TEST_INHERITED=inherited"));
  }
  SECTION("without those of provisrd") {
    world.configure("use_os_env = false\nenv = [\"A=1\"]",
                    printer("app") + world.logs_key() +
                        "[[processes]]\nname = \"searched\"\ncommand = \"sleep 1000\"\n"
                        "start_duration = \"0s\"\n");
    world.start();
    CHECK(eventually([&] { return world.runs("searched"); }));
    REQUIRE(eventually([&] { return has_line(world.log_of("app"), "A=1"); }));
    CHECK_THAT(world.log_of("app"), !ContainsSubstring("PROVISR_TEST_INHERITED"));
    CHECK_THAT(world.log_of("app"), !ContainsSubstring("HOME="));
  }
  world.daemon().signal(SIGTERM);
  CHECK(world.daemon().wait() == 0);
}

TEST_CASE("a reload starts those anew whose environment is another") {
  MovedWorld world;
  world.configure("env = [\"A=1\"]", printer("app") + world.logs_key());
  world.start();
  REQUIRE(eventually([&] { return has_line(world.log_of("app"), "A=1"); }));
  world.configure("env = [\"A=2\"]", printer("app") + world.logs_key());
  CHECK_THAT(world.ask({"reload"}), ContainsSubstring("app"));
  CHECK(world.status() == 0);
  CHECK(eventually([&] { return has_line(world.log_of("app"), "A=2"); }));
}

TEST_CASE("a reload follows the folder of programs") {
  MovedWorld world;
  world.write_program("kept");
  world.write_program("removed");
  world.write_program("changed");
  world.configure(programs);
  world.start();
  for (const std::string name : {"kept", "removed", "changed"}) {
    REQUIRE(eventually([&] { return world.runs(name); }));
  }
  world.remove_program("removed");
  world.write_program("changed", "env = [\"A=1\"]");
  world.write_program("added");
  const std::string changes = world.ask({"reload"});
  CHECK(world.status() == 0);
  CHECK_THAT(changes, ContainsSubstring("removed") && ContainsSubstring("changed") &&
                          ContainsSubstring("added") && !ContainsSubstring("kept"));
  CHECK(eventually([&] { return world.runs("added") && world.runs("changed"); }));
  CHECK(eventually([&] {
    static_cast<void>(world.ask({"status", "removed"}));
    return world.status() == 4;
  }));

  world.write("programs/added.toml", "type = \"process\"\n[spec]\nname = \"added\"\nodd = 1\n");
  CHECK_THAT(world.ask({"reload"}), ContainsSubstring("programs/added.toml:4: spec.odd"));
  CHECK(world.status() == 1);
  CHECK(world.runs("added"));
  for (const std::string name : {"kept", "changed", "added"}) world.remove_program(name);
  CHECK_THAT(world.ask({"reload"}), ContainsSubstring("names no process"));
  CHECK(world.runs("kept"));
}

TEST_CASE("a check tells the faults of the folder of programs, too") {
  MovedWorld world;
  world.configure(programs, "[[processes]]\nname = \"a\"\ncommand = \"true\"\nodd = 1\n");
  world.write_program("a");
  world.write_program("b", "evn = []");
  const std::string faults = world.check();
  CHECK_THAT(faults, ContainsSubstring("provisr.toml:") &&
                         ContainsSubstring("processes[0].odd: unknown key") &&
                         ContainsSubstring("programs/a.toml:3: spec.name: the name \"a\"") &&
                         ContainsSubstring("programs/b.toml:") &&
                         ContainsSubstring("spec.evn: unknown key; did you mean \"env\"?"));
}
