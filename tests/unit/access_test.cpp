#include "daemon/http/access.hpp"

#include "daemon/http/router.hpp"
#include "daemon/http/token.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const std::string secret = "0123456789abcdef";

using Fields = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] HttpRequest request_with(const Fields& fields, std::string host = "h:8080") {
  HttpRequest request;
  request.host = std::move(host);
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

[[nodiscard]] HttpRequest request_of(const std::string& credentials) {
  return request_with({{"authorization", credentials}});
}

/// Returns the status of the refusal; 0 if access is allowed.
[[nodiscard]] int status_of(const AccessPolicy& policy, const HttpRequest& request, Access access,
                            Transport transport = Transport::tcp) {
  const auto refusal = policy.refusal_of(request, access, transport);
  return refusal ? refusal->status : 0;
}

[[nodiscard]] std::string field_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [field, value] : answer.headers) {
    if (field == name) return value;
  }
  return "";
}

}  // namespace

TEST_CASE("a token is shown by one field of the scheme Bearer, in any case") {
  const Token token(secret);
  const std::string scheme = GENERATE("Bearer ", "bearer ", "BEARER ", "Bearer   ");
  CHECK(token.shown_by(request_of(scheme + secret).headers) == Token::Shown::right);
}

TEST_CASE("credentials that are not the token do not show it") {
  const Token token(secret);
  for (const std::string& wrong : std::vector<std::string>{
           "Bearer " + secret + "x", "Bearer " + secret.substr(1), "Bearer " + secret + secret,
           "Bearer 0123456789ABCDEF", std::string("Bearer"), std::string("Bearer "),
           "Bearer " + secret + "\t", "Bearer " + std::string(30'000, '0'),
           "Bearer \"" + secret + "\"", std::string("Bearer \0", 8) + secret,
           "Bearer " + secret + ", Bearer " + secret}) {
    INFO(wrong.substr(0, 80));
    CHECK(token.shown_by(request_of(wrong).headers) == Token::Shown::wrong);
  }
  for (const std::string& other : {"Basic " + secret, secret, "Bearer" + secret, std::string(),
                                   "Bearer\t" + secret, "Token " + secret}) {
    INFO(other);
    CHECK(token.shown_by(request_of(other).headers) == Token::Shown::nothing);
  }
  CHECK(token.shown_by(request_with({}).headers) == Token::Shown::nothing);
}

TEST_CASE("several fields of credentials show nothing, even if one is right") {
  const Token token(secret);
  const std::string right = "Bearer " + secret;
  for (const std::string& other : {right, std::string("Bearer x"), std::string("Basic x")}) {
    const HttpRequest request = request_with({{"Authorization", other}, {"AUTHORIZATION", right}});
    CHECK(token.shown_by(request.headers) == Token::Shown::wrong);
  }
}

TEST_CASE("without a token, reads are open and control is for Unix sockets") {
  const AccessPolicy policy;
  const HttpRequest request = request_of("Bearer ");
  CHECK(status_of(policy, request, Access::open) == 0);
  CHECK(status_of(policy, request, Access::read) == 0);
  CHECK(status_of(policy, request, Access::control) == 403);
  CHECK(status_of(policy, request, Access::control, Transport::unix_socket) == 0);
  const auto refusal = policy.refusal_of(request, Access::control, Transport::tcp);
  CHECK_THAT(*refusal->body, ContainsSubstring("read-only") && ContainsSubstring("token_file") &&
                                 ContainsSubstring("Unix socket"));
}

TEST_CASE("with a token, control over TCP takes it") {
  const AccessPolicy policy(secret, false);
  CHECK(status_of(policy, request_of("Bearer " + secret), Access::control) == 0);
  CHECK(status_of(policy, request_of("Bearer wrong"), Access::control) == 401);
  CHECK(status_of(policy, request_with({}), Access::control) == 401);
  CHECK(status_of(policy, request_with({}), Access::control, Transport::unix_socket) == 0);
  CHECK(status_of(policy, request_with({}), Access::read) == 0);
}

TEST_CASE("a refusal for want of the token asks for it and does not show it") {
  const AccessPolicy policy(secret, false);
  const auto missing = policy.refusal_of(request_with({}), Access::control, Transport::tcp);
  CHECK(field_of(*missing, "WWW-Authenticate") == "Bearer realm=\"provisr\"");
  const auto wrong = policy.refusal_of(request_of("Bearer x"), Access::control, Transport::tcp);
  CHECK(field_of(*wrong, "WWW-Authenticate") ==
        "Bearer realm=\"provisr\", error=\"invalid_token\"");
  for (const auto& refusal : {missing, wrong}) {
    CHECK_THAT(*refusal->body, StartsWith("{\"error\":") && !ContainsSubstring(secret));
  }
}

TEST_CASE("protected reads take the token over TCP, what is open does not") {
  const AccessPolicy policy(secret, true);
  CHECK(status_of(policy, request_with({}), Access::open) == 0);
  CHECK(status_of(policy, request_with({}), Access::read) == 401);
  CHECK(status_of(policy, request_of("Bearer " + secret), Access::read) == 0);
  CHECK(status_of(policy, request_with({}), Access::read, Transport::unix_socket) == 0);
}

TEST_CASE("the rules can be replaced while the server runs") {
  AccessPolicy policy(secret, true);
  policy.set("another", false);
  CHECK(status_of(policy, request_of("Bearer " + secret), Access::control) == 401);
  CHECK(status_of(policy, request_of("Bearer another"), Access::control) == 0);
  CHECK(status_of(policy, request_with({}), Access::read) == 0);
  policy.set("", false);
  CHECK(status_of(policy, request_of("Bearer "), Access::control) == 403);
}

TEST_CASE("a page of another site does not control, whatever it shows and wherever it asks") {
  const AccessPolicy policy(secret, false);
  const Transport transport = GENERATE(Transport::tcp, Transport::unix_socket);
  for (const Fields& fields : {Fields{{"Sec-Fetch-Site", "cross-site"}},
                               {{"Sec-Fetch-Site", "same-site"}},
                               {{"Sec-Fetch-Site", ""}},
                               {{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "cross-site"}},
                               {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://h:8080"}},
                               {{"Origin", "http://evil.example"}},
                               {{"Origin", "http://h:8080.evil.example"}},
                               {{"Origin", "http://h"}},
                               {{"Origin", "http://h:80801"}},
                               {{"Origin", "null"}},
                               {{"Origin", ""}},
                               {{"Origin", "http://h:8080"}, {"Origin", "http://evil.example"}}}) {
    Fields shown = fields;
    shown.emplace_back("Authorization", "Bearer " + secret);
    CHECK(status_of(policy, request_with(shown), Access::control, transport) == 403);
    CHECK(status_of(policy, request_with(shown), Access::read, transport) == 0);
  }
}

TEST_CASE("a page of this server and what is no browser may control") {
  for (const Fields& fields : {Fields{},
                               {{"Sec-Fetch-Site", "same-origin"}},
                               {{"Sec-Fetch-Site", "none"}},
                               {{"Origin", "http://H:8080"}},
                               {{"Origin", "https://h:8080"}},
                               {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://proxy"}}}) {
    CHECK_FALSE(is_of_another_site(request_with(fields)));
  }
  CHECK(is_of_another_site(request_with({{"Origin", "http://"}}, "")));
}

TEST_CASE("what is not asked for by GET is control, whatever its route says") {
  Router router;
  const auto handler = [](const HttpRequest&) { return text_answer("done"); };
  router.add({.method = "GET", .path = "/a", .help = "", .parameters = {}, .handler = handler});
  router.add({.method = "POST", .path = "/a", .help = "", .parameters = {}, .handler = handler});
  router.add({.method = "GET",
              .path = "/open",
              .help = "",
              .parameters = {},
              .handler = handler,
              .access = Access::open});
  const auto status = [&](std::string method, std::string path) {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    const auto check = [](Access access) -> std::optional<HttpAnswer> {
      if (access == Access::open) return std::nullopt;
      return error_answer(access == Access::control ? 403 : 401, "");
    };
    return router.answer(request, check).status;
  };
  CHECK(status("POST", "/a") == 403);
  CHECK(status("GET", "/a") == 401);
  CHECK(status("HEAD", "/a") == 401);
  CHECK(status("GET", "/open") == 200);
  CHECK(status("GET", "/") == 401);
  CHECK(status("DELETE", "/a") == 405);
  CHECK(status("OPTIONS", "/a") == 405);
}
