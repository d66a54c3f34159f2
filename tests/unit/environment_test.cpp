#include "daemon/base/environment.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::daemon;
using Variables = std::map<std::string, std::string, std::less<>>;

namespace {

std::optional<std::string> find_in(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

/// Returns `inherited` with `entries` applied.
Variables merged(Variables inherited, const std::vector<std::string>& entries) {
  set_variables(entries, {.get = [&](std::string_view name) { return find_in(inherited, name); },
                          .set =
                              [&](const std::string& entry) {
                                const std::size_t equals = entry.find('=');
                                inherited[entry.substr(0, equals)] = entry.substr(equals + 1);
                              }});
  return inherited;
}

}  // namespace

TEST_CASE("references in a text are replaced by values") {
  const Variables variables{{"A", "1"}, {"B", "${A}"}, {"", "none"}};
  const auto [text, expanded] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"plain", "plain"},
      {"${A}", "1"},
      {"x${A}y${A}z", "x1y1z"},
      {"${B}", "${A}"},
      {"${UNKNOWN}", "${UNKNOWN}"},
      {"${UNKNOWN}${A}", "${UNKNOWN}1"},
      {"${A", "${A"},
      {"$A ${} $", "$A none $"},
      {"${${A}}", "${${A}}"},
  }));
  CHECK(expand_variables(text, [&](std::string_view name) { return find_in(variables, name); }) ==
        expanded);
}

TEST_CASE("later entries win, and references see all of them") {
  const Variables inherited{{"HOME", "/root"}, {"PATH", "/bin"}};
  CHECK(merged(inherited, {"A=1", "A=2"}).at("A") == "2");
  CHECK(merged(inherited, {"A=${HOME}/a"}).at("A") == "/root/a");
  CHECK(merged(inherited, {"URL=:${PORT}", "PORT=80"}).at("URL") == ":80");
  CHECK(merged(inherited, {"A=a", "B=${A}b", "C=${B}c"}).at("C") == "abc");
  CHECK(merged(inherited, {"A=${B}", "B=${A}"}).at("HOME") == "/root");
  CHECK(merged(inherited, {"A=b=${HOME}=c"}).at("A") == "b=/root=c");
  CHECK(merged(inherited, {"EMPTY="}).at("EMPTY").empty());
}

TEST_CASE("a variable's reference to itself is to what it was before") {
  const Variables inherited{{"PATH", "/bin"}};
  CHECK(merged(inherited, {"PATH=/a:${PATH}"}).at("PATH") == "/a:/bin");
  CHECK(merged(inherited, {"PATH=/a:${PATH}", "PATH=${PATH}:/b"}).at("PATH") == "/a:/bin:/b");
  CHECK(merged(inherited, {"NEW=${NEW}"}).at("NEW") == "${NEW}");
}

TEST_CASE("what is inherited is not expanded") {
  CHECK(merged({{"PS1", "${HOST}"}, {"HOST", "a"}}, {"B=1"}).at("PS1") == "${HOST}");
}
