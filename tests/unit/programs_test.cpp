// A programs folder: one process per file.
#include "daemon/config/programs.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/load.hpp"
#include "support/config_lines.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;

namespace {

std::string program_toml(std::string_view name, std::string_view more = "") {
  return fmt::format("type = \"process\"\n[spec]\nname = \"{}\"\ncommand = \"true\"\n{}\n", name,
                     more);
}

Lines names_in(const LoadedConfig& loaded) {
  Lines names;
  for (const ProcessConfig& process : loaded.config.processes) names.push_back(process.name);
  return names;
}

/// A configuration file beside a folder "programs".
class ProgramsFolder {
 public:
  ProgramsFolder() { std::filesystem::create_directory(programs()); }

  [[nodiscard]] LoadedConfig load(
      std::string_view config = "programs_directory = \"programs\"\n") const {
    return load_config(folder_.write("provisr.toml", config));
  }
  void write(std::string_view name, std::string_view text) const {
    folder_.write(std::filesystem::path("programs") / name, text);
  }
  [[nodiscard]] std::filesystem::path programs() const { return folder_.path() / "programs"; }
  /// Returns the path of a file as notices show it.
  [[nodiscard]] std::string file(std::string_view name) const { return name_of(programs() / name); }
  [[nodiscard]] std::string main_file() const { return name_of(folder_.path() / "provisr.toml"); }

 private:
  TempDirectory folder_;
};

}  // namespace

TEST_CASE("each TOML file of the folder is a process, in the order of their names") {
  const ProgramsFolder world;
  world.write("b.toml", program_toml("second", "instances = 2"));
  world.write("a.toml", program_toml("first"));
  world.write("C.TOML", "name = \"flat\"\ncommand = \"true\"\n");
  const LoadedConfig loaded = world.load(
      "programs_directory = \"./programs\"\n[[processes]]\nname = \"own\"\ncommand = \"true\"\n");
  CHECK(lines_of(loaded.faults) == no_lines);
  CHECK(lines_of(loaded.warnings) == no_lines);
  CHECK(names_in(loaded) == Lines{"own", "flat", "first", "second"});
  CHECK(loaded.config.processes.back().instances == 2);
}

TEST_CASE("a folder may be named by its whole path") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("a"));
  const std::string folder = world.programs().generic_string();
  CHECK(names_in(world.load(fmt::format("programs_directory = '{}'\n", folder))) == Lines{"a"});
}

TEST_CASE("what the file says for all holds for the files of the folder, too") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("a", "env = [\"B=2\"]"));
  const LoadedConfig loaded = world.load(
      "programs_directory = \"programs\"\nenv = [\"A=1\"]\nuse_os_env = false\n"
      "[log]\ndir = \"logs\"\n");
  REQUIRE(loaded.config.processes.size() == 1);
  const ProcessConfig& process = loaded.config.processes[0];
  CHECK(process.env == Lines{"A=1", "B=2"});
  CHECK_FALSE(process.inherits_env);
  CHECK(process.log.directory == "logs");
}

TEST_CASE("what is no program's file is passed over") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("a"));
  for (const std::string_view name :
       {".hidden.toml", "a.toml~", "a.toml.bak", "#a.toml#", ".a.toml.swp", "README.md", "toml"}) {
    world.write(name, program_toml("wrong"));
  }
  std::filesystem::create_directory(world.programs() / "folder.toml");
  world.write("folder.toml/b.toml", program_toml("wrong"));
  const LoadedConfig loaded = world.load();
  CHECK(lines_of(loaded.faults) == no_lines);
  CHECK(lines_of(loaded.warnings) == no_lines);
  CHECK(names_in(loaded) == Lines{"a"});
}

TEST_CASE("other forms that the Go provisr reads give a warning each") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("a"));
  for (const std::string_view name : {"c.yml", "b.yaml", "d.json"}) world.write(name, "");
  const LoadedConfig loaded = world.load();
  CHECK(lines_of(loaded.faults) == no_lines);
  const auto skipped = [&](std::string_view name) {
    return fmt::format("{}:1: programs_directory: \"{}\" is no TOML file; skipped",
                       world.main_file(), world.file(name));
  };
  CHECK(lines_of(loaded.warnings) == Lines{skipped("b.yaml"), skipped("c.yml"), skipped("d.json")});
}

TEST_CASE("faults of all files are told at once, each with its file and line") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("a", "comand = \"x\""));
  world.write("b.toml", "type = \n");
  world.write("c.toml", "");
  world.write("d.toml", "# being written\n");
  world.write("e.toml", program_toml("bad name"));
  world.write("f.toml", "[[processes]]\nname = \"f\"\n");
  const LoadedConfig loaded = world.load("programs_directory = \"programs\"\nodd = 1\n");
  const Lines faults = lines_of(loaded.faults);
  REQUIRE(faults.size() == 9);
  CHECK(faults[0] == world.main_file() + ":2: odd: unknown key");
  CHECK(faults[1] ==
        world.file("a.toml") + ":5: spec.comand: unknown key; did you mean \"command\"?");
  CHECK(faults[2].starts_with(world.file("b.toml") + ":1: syntax error: "));
  CHECK(faults[3] == world.file("c.toml") + ": holds no process");
  CHECK(faults[4] == world.file("d.toml") + ": holds no process");
  CHECK(faults[5].starts_with(world.file("e.toml") + ":3: spec.name: \"bad name\""));
  CHECK(faults[6].starts_with(world.file("f.toml") + ": "));
  CHECK(faults[8].starts_with(world.file("f.toml") + ":1: processes: unknown key"));
}

TEST_CASE("a name that two files have is a fault that names both") {
  const ProgramsFolder world;
  world.write("a.toml", program_toml("app", "instances = 2"));
  world.write("b.toml", program_toml("app-2"));
  world.write("c.toml", program_toml("own"));
  const LoadedConfig loaded = world.load(
      "programs_directory = \"programs\"\n[[processes]]\nname = \"own\"\ncommand = \"true\"\n");
  CHECK(lines_of(loaded.faults) ==
        Lines{fmt::format("{}:3: spec.name: the name \"app-2\" is taken by {}:3",
                          world.file("b.toml"), world.file("a.toml")),
              fmt::format("{}:3: spec.name: the name \"own\" is taken by {}:3",
                          world.file("c.toml"), world.main_file())});
}

TEST_CASE("a scheduled job in the folder is skipped with a warning") {
  const ProgramsFolder world;
  world.write("a.toml", "type = \"cronjob\"\n[spec]\nname = \"a\"\nschedule = \"@daily\"\n");
  const LoadedConfig loaded = world.load();
  CHECK(lines_of(loaded.faults) == no_lines);
  CHECK(lines_of(loaded.warnings) ==
        Lines{world.file("a.toml") + ": scheduled jobs are not served by provisrd; skipped"});
}

TEST_CASE("a folder that is not there is a fault, an empty one a warning") {
  const ProgramsFolder world;
  const LoadedConfig empty = world.load();
  CHECK(lines_of(empty.faults) == no_lines);
  CHECK(lines_of(empty.warnings) ==
        Lines{fmt::format("{}:1: programs_directory: \"{}\" holds no TOML file", world.main_file(),
                          name_of(world.programs()))});

  const LoadedConfig missing = world.load("\nprograms_directory = \"none\"\n");
  REQUIRE(missing.faults.size() == 1);
  const std::string fault = missing.faults[0].to_string();
  CHECK(fault.starts_with(world.main_file() + ":2: programs_directory: \""));
  CHECK(fault.find("cannot be read: ") != std::string::npos);
  CHECK(world.load("programs_directory = \"provisr.toml\"\n").faults.size() == 1);
}

TEST_CASE("a folder that the Go provisr would read unasked is pointed out") {
  const ProgramsFolder world;
  const std::string config = "[[processes]]\nname = \"own\"\ncommand = \"true\"\n";
  CHECK(lines_of(world.load(config).warnings) == no_lines);
  world.write("a.toml", program_toml("a"));
  const LoadedConfig loaded = world.load(config);
  CHECK(names_in(loaded) == Lines{"own"});
  CHECK(lines_of(loaded.warnings) ==
        Lines{fmt::format("{}: \"{}\" is not read: no programs_directory names it",
                          world.main_file(), name_of(world.programs()))});
  CHECK(lines_of(world.load("programs_directory = \"\"\n" + config).warnings) == no_lines);
}

TEST_CASE("the files of the folder are bounded in size and in number") {
  const ProgramsFolder world;
  const LoadedConfig fits = [&] {
    std::string text = program_toml("a");
    text.append(max_program_size - text.size(), '#');
    world.write("a.toml", text);
    return world.load();
  }();
  CHECK(lines_of(fits.faults) == no_lines);

  SECTION("of one file") {
    world.write("a.toml", std::string(max_program_size + 1, '#'));
    CHECK(lines_of(world.load().faults) ==
          Lines{world.file("a.toml") + ": is larger than 65536 bytes"});
  }
  SECTION("in all") {
    for (std::size_t i = 0; i <= max_programs_size / max_program_size; ++i) {
      std::string text = program_toml(fmt::format("p{}", i));
      text.append(max_program_size - text.size(), '#');
      world.write(fmt::format("{}.toml", i), text);
    }
    CHECK(lines_of(world.load().faults) ==
          Lines{fmt::format("{}:1: programs_directory: the files of \"{}\" are larger than "
                            "4194304 bytes in all",
                            world.main_file(), name_of(world.programs()))});
  }
  SECTION("in number") {
    for (std::size_t i = 0; i < max_program_files; ++i) world.write(fmt::format("{}.toml", i), "");
    CHECK(lines_of(world.load().faults) ==
          Lines{fmt::format("{}:1: programs_directory: \"{}\" holds more than 10000 files",
                            world.main_file(), name_of(world.programs()))});
  }
}

TEST_CASE("faults of the folder are listed up to a bound") {
  const ProgramsFolder world;
  for (std::size_t i = 0; i < max_notices + 5; ++i) world.write(fmt::format("{}.toml", i), "");
  const Lines faults = lines_of(world.load().faults);
  REQUIRE(faults.size() == max_notices + 1);
  CHECK(faults.back() == world.main_file() + ": 5 more faults");
}
