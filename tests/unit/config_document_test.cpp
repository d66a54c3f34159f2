// Checks docs/configuration.md, the demo configuration and the model's defaults against the table
// of keys in daemon/config.
#include "daemon/config/keys.hpp"
#include "daemon/config/load.hpp"
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;

namespace {

std::string source_text(std::string_view file) {
  return provisr::test::read_text(std::filesystem::path(provisr::test::source_path()) / file);
}

std::string heading(std::string_view section) {
  if (section.empty()) return "The file";
  return section == "processes" ? "`[[processes]]`" : fmt::format("`[{}]`", section);
}

std::string cell(std::string_view text) {
  return text.empty() ? "–" : std::string(text);
}

std::string row(const KnownKey& key) {
  const KeyHelp& help = key.help;
  const std::string default_value =
      help.default_value.empty() ? "" : fmt::format("`{}`", help.default_value);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, help.type, cell(default_value),
                     cell(describe(help.range)), help.meaning);
}

/// Returns the text that must stand between the document's two marks.
std::string expected_tables() {
  std::string text;
  std::string section = "none";
  std::string skipped;
  const auto end_section = [&] {
    if (!skipped.empty()) text += fmt::format("\nSkipped with a warning:{}.\n", skipped);
    skipped.clear();
  };
  for (const KnownKey& key : known_keys()) {
    if (key.section != section) {
      end_section();
      section = key.section;
      text += fmt::format("\n### {}\n\n| key | type | default | values | meaning |\n",
                          heading(section));
      text += "| --- | --- | --- | --- | --- |\n";
    }
    if (key.is_served) {
      text += row(key);
    } else {
      skipped += fmt::format("{} `{}`", skipped.empty() ? "" : ",", key.name);
    }
  }
  end_section();
  return text + "\n";
}

/// Returns the keys of `section` that have a default, each set to its default.
std::string defaults_of(std::string_view section) {
  std::string toml;
  for (const KnownKey& key : known_keys()) {
    if (key.section != section || key.help.default_value.empty()) continue;
    toml += fmt::format("{} = {}\n", key.name, key.help.default_value);
  }
  return toml;
}

}  // namespace

TEST_CASE("the document of the configuration lists every key as the code has it") {
  const std::string document = source_text("docs/configuration.md");
  const std::string begin = "<!-- keys: begin -->\n";
  const std::size_t start = document.find(begin);
  REQUIRE(start != std::string::npos);
  const std::size_t end = document.find("<!-- keys: end -->", start);
  REQUIRE(end != std::string::npos);
  CHECK(document.substr(start + begin.size(), end - start - begin.size()) == expected_tables());
}

TEST_CASE("every served key is documented in full") {
  for (const KnownKey& key : known_keys()) {
    if (!key.is_served) continue;
    CAPTURE(key.section, key.name);
    CHECK_FALSE(key.help.type.empty());
    CHECK_FALSE(key.help.meaning.empty());
  }
}

TEST_CASE("the documented defaults are those of the model") {
  const std::string process = "[[processes]]\nname = \"a\"\ncommand = \"b\"\n";
  std::string toml;
  for (const std::string_view section :
       {"server", "server.auth", "metrics", "metrics.process_metrics", "daemon"}) {
    toml += fmt::format("[{}]\n{}", section, defaults_of(section));
  }
  const LoadedConfig spelled_out =
      parse_config(toml + process + defaults_of("processes") + "[processes.limits]\n" +
                       defaults_of("processes.limits"),
                   "p.toml");
  REQUIRE(spelled_out.faults.empty());
  CHECK(spelled_out.config == parse_config(process, "p.toml").config);
}

TEST_CASE("the demo configuration is sound and shows every served key") {
  const std::string demo = source_text("config/process_metrics_demo.toml");
  const LoadedConfig loaded = parse_config(demo, "demo.toml");
  CHECK(loaded.faults.empty());
  CHECK(loaded.warnings.empty());
  for (const KnownKey& key : known_keys()) {
    if (!key.is_served || key.help.type.find("table") != std::string_view::npos) continue;
    CAPTURE(key.section, key.name);
    const std::string setting = fmt::format("\n{} = ", key.name);
    const std::string commented_out = fmt::format("\n# {} = ", key.name);
    CHECK(
        (demo.find(setting) != std::string::npos || demo.find(commented_out) != std::string::npos));
  }
}
