#include "daemon/cli/server_url.hpp"

#include "daemon/platform/platform_features.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>
#include <string>
#include <utility>

using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;

namespace {

[[nodiscard]] std::string fault_in_url(std::string_view url) {
  try {
    return parse_server_url(url).to_string();
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("a URL names host, port and base path, and has defaults for the last two") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [url, whole] =
      GENERATE(Case{"http://localhost:8080", "http://localhost:8080/api"},
               Case{"http://localhost:8080/", "http://localhost:8080/api"},
               Case{"http://localhost:8080/x/y//", "http://localhost:8080/x/y"},
               Case{"http://example.com", "http://example.com:80/api"},
               Case{"http://example.com/watch", "http://example.com:80/watch"},
               Case{"http://[::1]:8080", "http://[::1]:8080/api"},
               Case{"http://[::1]", "http://[::1]:80/api"},
               Case{"http://[fe80::1%25eth0]:1", "http://[fe80::1%eth0]:1/api"});
  CHECK(parse_server_url(url).to_string() == whole);
  CHECK(ServerUrl{}.to_string() == "http://localhost:8080/api");
}

TEST_CASE("a URL that cannot be asked is refused in one sentence") {
  using Case = std::pair<std::string_view, std::string_view>;
  const auto [url, text] = GENERATE(
      Case{"https://localhost", "is for TLS, which provisrd does not speak"},
      Case{"localhost:8080", "must begin with http:// or unix:"},
      Case{"", "must begin with http:// or unix:"}, Case{"HTTP://a", "must begin with"},
      Case{"http://", "names no host"}, Case{"http://:8080", "names no host"},
      Case{"http://a:0", "names port 0"}, Case{"http://a:70000", "has no valid port"},
      Case{"http://a:b", "has no valid port"},
      Case{"http://::1", "an IPv6 address goes in brackets"},
      Case{"http://a b", "has no valid host"}, Case{"http://a\r\nX: y", "has no valid host"},
      Case{"http://me:secret@a", "must not hold a user or password; use --token-file"},
      Case{"http://a?x", "must not hold a query"}, Case{"http://a/api#x", "must not hold a query"},
      Case{"http://a/../b", "must not hold"}, Case{"http://a/x y", "may hold nothing but"});
  CHECK_THAT(fault_in_url(url), ContainsSubstring(std::string(text)));
}

TEST_CASE("a password in a URL is not repeated") {
  CHECK(fault_in_url("http://me:secret@a").find("secret") == std::string::npos);
}

TEST_CASE("a Unix socket is named by its path, where there are any") {
  if (!platform_features().has_unix_sockets) {
    CHECK(fault_in_url("unix:/a") == "this system has no Unix sockets for provisrd; use --url");
    return;
  }
  CHECK(parse_server_url("unix:/run/p.sock").address.path == "/run/p.sock");
  CHECK(parse_server_url("unix:p.sock").to_string() == "unix:p.sock");
  CHECK(parse_server_url("unix:/a").base_path == "/api");
  CHECK(fault_in_url("unix:") == "the socket's path is empty");
}
