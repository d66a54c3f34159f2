// Checks every #include of the product against the table of allowed arrows in docs/design.md, and
// that no two types have the same name.
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Arrows = std::map<std::string, std::set<std::string>>;

[[nodiscard]] std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" `");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

[[nodiscard]] std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(trimmed(part));
  return parts;
}

/// Parses the rows "| room | allowed, allowed |" below the heading "room | may include".
[[nodiscard]] Arrows allowed_arrows(const std::string& document) {
  Arrows arrows;
  bool in_table = false;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    if (line == "| room | may include |") {
      in_table = true;
    } else if (!line.starts_with('|')) {
      in_table = false;
    } else if (in_table && !line.starts_with("|---")) {
      const std::vector<std::string> cells = split(line, '|');
      std::set<std::string>& targets = arrows[cells.at(1)];
      for (const std::string& room : split(cells.at(2), ',')) {
        if (!room.empty() && room != "nothing") targets.insert(room);
      }
    }
  }
  return arrows;
}

/// Returns the room of a file: "include", "lib", "daemon" for files directly in daemon/, else the
/// folder in daemon/, such as "cli", or the folder below that if it has its own row: "cli/client".
[[nodiscard]] std::string room_of(const std::string& file, const Arrows& allowed) {
  const std::vector<std::string> parts = split(file, '/');
  if (parts.front() == "provisr") return "include";
  if (parts.front() != "daemon" || parts.size() <= 2) return parts.front();
  const std::string inner = parts[1] + "/" + parts[2];
  return parts.size() > 3 && allowed.contains(inner) ? inner : parts[1];
}

/// Returns the files of this project that a source text includes: "provisr/...", "lib/...",
/// "daemon/...".
[[nodiscard]] std::vector<std::string> own_includes(const std::string& text) {
  std::vector<std::string> includes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#include ")) continue;
    const auto begin = line.find_first_of("<\"");
    const auto end = line.find_last_of(">\"");
    if (begin == std::string::npos || end <= begin) continue;
    const std::string file = line.substr(begin + 1, end - begin - 1);
    if (line[begin] == '"' || file.starts_with("provisr/")) includes.push_back(file);
  }
  return includes;
}

/// Maps each source of include, lib and daemon to the files that it includes.
[[nodiscard]] std::map<std::string, std::vector<std::string>> includes_of_product() {
  std::map<std::string, std::vector<std::string>> includes;
  const fs::path root = provisr::test::source_path();
  for (const std::string_view folder : {"include", "lib", "daemon"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp") continue;
      std::string file = entry.path().lexically_relative(root).generic_string();
      if (file.starts_with("include/")) file = file.substr(std::string_view("include/").size());
      includes[file] = own_includes(provisr::test::read_text(entry.path()));
    }
  }
  return includes;
}

/// Returns one line for each include that the table does not allow.
[[nodiscard]] std::vector<std::string> forbidden_arrows(
    const std::map<std::string, std::vector<std::string>>& includes, const Arrows& allowed) {
  std::vector<std::string> faults;
  for (const auto& [file, targets] : includes) {
    const std::string from = room_of(file, allowed);
    for (const std::string& target : targets) {
      const std::string to = room_of(target, allowed);
      const auto row = allowed.find(from);
      if (from == to || (row != allowed.end() && row->second.contains(to))) continue;
      faults.push_back(file + " includes " + target);
    }
  }
  return faults;
}

/// Returns the nodes that lie on a cycle or lead to one, by repeated removal of nodes without
/// arrows.
[[nodiscard]] std::set<std::string> cyclic(Arrows arrows) {
  const auto is_resolved = [&](const std::string& node) { return !arrows.contains(node); };
  while (true) {
    const auto leaf = std::find_if(arrows.begin(), arrows.end(), [&](const auto& entry) {
      return std::all_of(entry.second.begin(), entry.second.end(), is_resolved);
    });
    if (leaf == arrows.end()) break;
    arrows.erase(leaf);
  }
  std::set<std::string> left;
  for (const auto& [node, targets] : arrows) left.insert(node);
  return left;
}

[[nodiscard]] Arrows arrows_of_files(
    const std::map<std::string, std::vector<std::string>>& includes) {
  Arrows arrows;
  for (const auto& [file, targets] : includes) arrows[file].insert(targets.begin(), targets.end());
  return arrows;
}

/// Returns the types that a header defines in a namespace, not within other types.
[[nodiscard]] std::vector<std::string> types_defined_in(const std::string& text) {
  std::vector<std::string> types;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    for (const std::string_view kind : {"struct ", "class ", "enum class "}) {
      if (!line.starts_with(kind) || !line.ends_with('{')) continue;
      const std::string rest = line.substr(kind.size());
      const std::string name = rest.substr(0, rest.find_first_of(" <{"));
      if (name.find(':') == std::string::npos) types.push_back(name);
    }
  }
  return types;
}

/// Returns one line for each type that two headers define, which a linker would confuse.
[[nodiscard]] std::vector<std::string> types_defined_twice(
    const std::map<std::string, std::string>& headers) {
  std::map<std::string, std::string> first;
  std::vector<std::string> faults;
  for (const auto& [file, text] : headers) {
    for (const std::string& type : types_defined_in(text)) {
      const auto [known, is_new] = first.emplace(type, file);
      if (!is_new) faults.push_back(type + " is of " + known->second + " and of " + file);
    }
  }
  return faults;
}

[[nodiscard]] std::map<std::string, std::string> headers_of_daemon() {
  std::map<std::string, std::string> headers;
  const fs::path root = provisr::test::source_path();
  for (const auto& entry : fs::recursive_directory_iterator(root / "daemon")) {
    if (entry.path().extension() != ".hpp") continue;
    headers[entry.path().lexically_relative(root).generic_string()] =
        provisr::test::read_text(entry.path());
  }
  return headers;
}

[[nodiscard]] Arrows table() {
  return allowed_arrows(provisr::test::read_text(provisr::test::source_path() + "/docs/design.md"));
}

}  // namespace

TEST_CASE("no include runs against the table of allowed arrows") {
  const Arrows allowed = table();
  REQUIRE(allowed.size() >= 9);
  CHECK(cyclic(allowed).empty());
  const auto includes = includes_of_product();
  REQUIRE(includes.size() > 100);
  for (const std::string& fault : forbidden_arrows(includes, allowed)) FAIL_CHECK(fault);
}

TEST_CASE("no two files include each other, by whatever way") {
  CHECK(cyclic(arrows_of_files(includes_of_product())) == std::set<std::string>{});
}

TEST_CASE("every room of the daemon stands in the table of arrows") {
  const Arrows allowed = table();
  for (const auto& entry :
       fs::directory_iterator(fs::path(provisr::test::source_path()) / "daemon")) {
    if (!entry.is_directory()) continue;
    INFO(entry.path());
    CHECK(allowed.contains(entry.path().filename().string()));
  }
}

TEST_CASE("no two headers of the daemon define types of one name") {
  CHECK(types_defined_twice(headers_of_daemon()) == std::vector<std::string>{});
}

TEST_CASE("a type that is defined twice is found") {
  const std::string text =
      "struct A {\n};\nclass B final : public C {\nenum class D : int {\nstruct E;\nstruct A::F "
      "{\n";
  CHECK(types_defined_in(text) == std::vector<std::string>{"A", "B", "D"});
  CHECK(types_defined_twice({{"x.hpp", text}, {"y.hpp", "struct B {\n  struct A {\n"}}) ==
        std::vector<std::string>{"B is of x.hpp and of y.hpp"});
}

TEST_CASE("the arrow checks find what they look for") {
  const Arrows allowed = allowed_arrows(
      "| room | may include |\n|---|---|\n| `api` | http, base |\n| `base` | nothing |\n");
  REQUIRE(allowed == Arrows{{"api", {"http", "base"}}, {"base", {}}});
  CHECK(
      forbidden_arrows({{"daemon/api/a.cpp", {"daemon/http/b.hpp", "daemon/base/c.hpp"}}}, allowed)
          .empty());
  CHECK(forbidden_arrows({{"daemon/base/c.cpp", {"daemon/api/a.hpp"}}}, allowed) ==
        std::vector<std::string>{"daemon/base/c.cpp includes daemon/api/a.hpp"});
  CHECK(forbidden_arrows({{"daemon/main.cpp", {"daemon/api/a.hpp"}}}, allowed).size() == 1);
  CHECK(forbidden_arrows({{"provisr/registry.hpp", {"lib/x.hpp"}}}, allowed).size() == 1);
  const Arrows nested{{"cli", {"base"}}, {"cli/client", {"cli", "http"}}};
  CHECK(forbidden_arrows({{"daemon/cli/client/a.cpp", {"daemon/http/b.hpp", "daemon/cli/c.hpp"}}},
                         nested)
            .empty());
  CHECK(forbidden_arrows({{"daemon/cli/c.cpp", {"daemon/http/b.hpp", "daemon/cli/client/a.hpp"}}},
                         nested)
            .size() == 2);
  CHECK(cyclic({{"a", {"b"}}, {"b", {"c"}}, {"c", {"a"}}, {"d", {}}}) ==
        std::set<std::string>{"a", "b", "c"});
  CHECK(cyclic({{"a", {"b"}}, {"b", {}}}).empty());
  CHECK(own_includes("#include \"daemon/a.hpp\"\n#include <provisr/b.hpp>\n#include <map>\n") ==
        std::vector<std::string>{"daemon/a.hpp", "provisr/b.hpp"});
}
