#include "daemon/cli/client/reload_report.hpp"

#include "daemon/cli/client/json_answer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <vector>

using namespace provisr::daemon;
using Lines = std::vector<std::string>;

TEST_CASE("what a reload has changed is a line for each member that is not empty") {
  CHECK(
      changes_in(R"({"added": ["a", "b"], "removed": [], "not_applied": "server.listen",
                       "unchanged": 3, "nothing": null, "more": [{"name": "c"}], "none": ""})") ==
      Lines{"added: a, b", "not applied: server.listen", "unchanged: 3", "more: {\"name\":\"c\"}"});
  CHECK(changes_in("{}").empty());
}

TEST_CASE("what answers a reload without a JSON object is refused") {
  const std::string text = GENERATE("", "[]", "null", "{\"a\": ", "<html>");
  CHECK_THROWS_AS(changes_in(text), InvalidAnswer);
}

TEST_CASE("the faults of a configuration are all told") {
  CHECK(faults_in(R"({"error": "2 faults", "faults": ["p.toml:1: a", "p.toml:2: b"]})") ==
        Lines{"p.toml:1: a", "p.toml:2: b"});
  CHECK(faults_in(R"({"error": "p.toml:1: a", "faults": []})") == Lines{"p.toml:1: a"});
  CHECK(faults_in(R"({"error": "p.toml:1: a", "faults": 3})") == Lines{"p.toml:1: a"});
  CHECK(faults_in(R"({"faults": [{"line": 3}]})") == Lines{"{\"line\":3}"});
  CHECK(faults_in("{}").empty());
}
