#include "daemon/http/host_policy.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using provisr::daemon::HostPolicy;
using provisr::daemon::names_of_machine;

TEST_CASE("a request may call the server by an address, localhost or a name that is allowed") {
  const HostPolicy policy({"web.example", "box"});
  for (const char* authority :
       {"", "127.0.0.1", "10.0.0.1:8080", "[::1]", "[fe80::1]:8080", "localhost", "LocalHost:80",
        "localhost.", "web.example", "WEB.example:8080", "web.example.:8080", "box"}) {
    INFO(authority);
    CHECK(policy.allows(authority));
  }
  for (const char* authority :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:127",
        "[::1].evil.example", "xbox", "web.example.evil", "web", "*", "[::1", "a:b:c"}) {
    INFO(authority);
    CHECK_FALSE(policy.allows(authority));
  }
  CHECK(HostPolicy({"*"}).allows("evil.example"));
  CHECK(HostPolicy({"web.example."}).allows("web.example:80"));
}

TEST_CASE("a machine is called by its full and its short name") {
  CHECK(names_of_machine("box.lan.example") == std::vector<std::string>{"box.lan.example", "box"});
  CHECK(names_of_machine("box") == std::vector<std::string>{"box"});
  CHECK(names_of_machine("").empty());
}
