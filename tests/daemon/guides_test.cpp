// The guides for users of other supervisors. Their example is run with their commands, with paths
// in a folder of the test. The guides name Prometheus's default port, so this port must be free.
#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <signal.h>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::test;
using Lines = std::vector<std::string>;

namespace {

/// A code block between ``` lines.
struct Block {
  std::string language;
  Lines lines;
};

struct Guide {
  std::vector<Block> blocks;
  Lines spans;  ///< the texts in backquotes outside of blocks
};

void add_spans(const std::string& line, Lines& spans) {
  std::istringstream pieces(line);
  std::string piece;
  for (bool is_code = false; std::getline(pieces, piece, '`'); is_code = !is_code) {
    if (is_code) spans.push_back(piece);
  }
}

[[nodiscard]] Guide read_guide(const std::string& document) {
  Guide guide;
  std::istringstream text(read_text(source_path() + "/" + document));
  bool is_in_block = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      is_in_block = !is_in_block;
      if (is_in_block) guide.blocks.push_back({line.substr(3), {}});
    } else if (is_in_block) {
      guide.blocks.back().lines.push_back(line);
    } else {
      add_spans(line, guide.spans);
    }
  }
  return guide;
}

[[nodiscard]] bool is_command(std::string_view text) {
  constexpr auto words =
      std::to_array<std::string_view>({"provisrd ", "curl ", "tail ", "truncate ", "sed "});
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.starts_with(word); });
}

/// A fake machine whose folders are in a folder of the test.
class Machine {
 public:
  Machine() {
    for (const std::string_view name : {"etc/programs", "run", "srv/shop", "var/log/shop", "bin"}) {
      std::filesystem::create_directories(folder_.path() / name);
    }
    for (const std::string_view program : {"srv/shop/worker", "bin/node"}) {
      const auto file =
          folder_.write(program, "#!/bin/sh\necho \"runs with $*\"\nexec sleep 1000\n");
      std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
  }

  /// Writes a configuration whose first line is its path: "# /etc/a.toml".
  void install(const Block& block) const {
    REQUIRE(block.lines.front().starts_with("# /etc/"));
    std::string text;
    for (const std::string& line : block.lines) text += here(line) + "\n";
    write_text(here(block.lines.front().substr(2)), text);
  }

  /// Runs the commands of a block one after the other, unchanged. provisrd keeps running.
  void follow(const Block& block) {
    for (const std::string& line : block.lines) {
      if (line.starts_with("export ")) {
        exports_ += here(line) + "; ";
      } else if (line.starts_with("provisrd /etc/")) {
        daemon_.emplace(Lines{"bash", "-c", in_this_machine("exec " + line)}, folder_.path());
      } else {
        run(line);
      }
    }
  }

  void run(const std::string& command) {
    INFO(command);
    const TempDirectory output;
    Program program({"bash", "-c", in_this_machine(command)}, output.path());
    const auto status = program.wait();
    INFO(program.out() << program.err());
    CHECK(status == 0);
    if (!command.starts_with("sed ") && !command.starts_with("truncate ")) {
      CHECK_FALSE(program.out().empty());
    }
    if (command.starts_with("provisrd --check ")) CHECK(program.err().empty());
    ++commands_run_;
  }

  [[nodiscard]] bool has_daemon() const { return daemon_.has_value(); }

  /// Returns whether `name` is running.
  [[nodiscard]] bool runs(std::string_view name) {
    const TempDirectory output;
    const std::string command = fmt::format("provisrd status {} --socket /run/provisr.sock", name);
    Program program({"bash", "-c", in_this_machine(command)}, output.path());
    return program.wait() == 0;
  }

  [[nodiscard]] int end() {
    daemon_->signal(SIGTERM);
    return daemon_->wait().value_or(-1);
  }

  [[nodiscard]] std::string daemon_log() const { return daemon_->err(); }
  [[nodiscard]] int commands_run() const { return commands_run_; }

 private:
  /// Returns `text` with each of the machine's folders replaced by the one in the test's folder.
  [[nodiscard]] std::string here(std::string text) const {
    for (const std::string_view folder : {"/etc/", "/run/", "/srv/", "/var/log/"}) {
      for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) {
        text.insert(at, folder_.path().string());
        at += folder_.path().string().size() + folder.size();
      }
    }
    return text;
  }

  [[nodiscard]] std::string in_this_machine(const std::string& command) const {
    const auto bin = std::filesystem::path(provisrd_path()).parent_path().string();
    return fmt::format("export PATH='{}':'{}':\"$PATH\"; {}{}", bin,
                       (folder_.path() / "bin").string(), exports_, here(command));
  }

  TempDirectory folder_;
  std::string exports_;
  std::optional<Program> daemon_;
  int commands_run_ = 0;
};

}  // namespace

TEST_CASE("a service moves over by the commands of the guides", "[serial]") {
  if (http_get(9090, "/").status != 0) SKIP("somebody listens on port 9090");
  const auto [document, process, least_commands] =
      GENERATE(table<std::string, std::string, int>({{"docs/from-supervisord.md", "mail-1", 15},
                                                     {"docs/from-pm2.md", "web-1", 15},
                                                     {"docs/from-go-provisr.md", "api-1", 5}}));
  INFO(document);
  const Guide guide = read_guide(document);
  Machine machine;
  for (const Block& block : guide.blocks) {
    if (block.language == "toml") machine.install(block);
  }
  for (const Block& block : guide.blocks) {
    if (block.language != "bash") continue;
    const bool had_daemon = machine.has_daemon();
    machine.follow(block);
    if (had_daemon || !machine.has_daemon()) continue;
    const bool is_up = eventually([&, name = process] { return machine.runs(name); });
    INFO(machine.daemon_log());
    REQUIRE(is_up);
  }
  for (const std::string& span : guide.spans) {
    if (is_command(span)) machine.run(span);
  }
  CHECK(machine.commands_run() >= least_commands);
  CHECK(machine.end() == 0);
}
