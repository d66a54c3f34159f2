#include "daemon/http/router.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace provisr::daemon;

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] HttpRequest request(std::string method, std::string path,
                                  const Parameters& parameters = {}) {
  HttpRequest asked;
  asked.method = std::move(method);
  asked.path = std::move(path);
  for (const auto& [name, value] : parameters) asked.query.add(name, value);
  return asked;
}

[[nodiscard]] Route route(std::string method, std::string path, std::string text) {
  return {.method = std::move(method),
          .path = std::move(path),
          .help = "says " + text,
          .parameters = {{"name", "NAME", Presence::required}, {"limit", "N", Presence::optional}},
          .handler = [text](const HttpRequest& asked) {
            return text_answer(text + asked.query.find("name").value_or(""));
          }};
}

[[nodiscard]] Router router() {
  Router routes;
  routes.add(route("GET", "/a", "one "));
  routes.add(route("POST", "/a", "two "));
  routes.add(route("GET", "/b", "three "));
  return routes;
}

[[nodiscard]] std::string allow_of(const HttpAnswer& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (name == "Allow") return value;
  }
  return "";
}

}  // namespace

TEST_CASE("a router hands a request to the handler of its method and path") {
  const Router routes = router();
  CHECK(*routes.answer(request("GET", "/a", {{"name", "x"}})).body == "one x");
  CHECK(*routes.answer(request("POST", "/a", {{"name", "x"}})).body == "two x");
  CHECK(*routes.answer(request("HEAD", "/b")).body == "three ");
}

TEST_CASE("a router refuses unknown paths and methods") {
  const Router routes = router();
  for (const char* path : {"/c", "/a/", "/A", "", "a", "/%61"}) {
    CHECK(routes.answer(request("GET", path)).status == 404);
    CHECK(routes.answer(request("POST", path)).status == 404);
  }
  const HttpAnswer both = routes.answer(request("PUT", "/a"));
  CHECK(both.status == 405);
  CHECK(allow_of(both) == "GET, HEAD, POST");
  CHECK(*both.body == R"({"error":"PUT is not allowed here, only GET and POST are"})");
  const HttpAnswer one = routes.answer(request("BREW", "/b"));
  CHECK(one.status == 405);
  CHECK(allow_of(one) == "GET, HEAD");
  CHECK(*one.body == R"({"error":"BREW is not allowed here, only GET is"})");
  CHECK(routes.answer(request("get", "/b")).status == 405);
  CHECK(routes.answer(request("POST", "/")).status == 405);
}

TEST_CASE("who asks for options is told the methods, of a path or of all") {
  const Router routes = router();
  CHECK(routes.answer(request("OPTIONS", "/b")).status == 405);
  CHECK(allow_of(routes.answer(request("OPTIONS", "/b"))) == "GET, HEAD");
  const HttpAnswer all = routes.answer(request("OPTIONS", "*"));
  CHECK(all.status == 405);
  CHECK(allow_of(all) == "GET, HEAD, POST");
  CHECK(*all.body == R"({"error":"OPTIONS is not allowed here, only GET and POST are"})");
  CHECK(routes.answer(request("OPTIONS", "/c")).status == 404);
}

TEST_CASE("a router refuses a parameter of the route that is there twice") {
  const Router routes = router();
  const HttpAnswer twice = routes.answer(request("GET", "/a", {{"name", "x"}, {"name", "x"}}));
  CHECK(twice.status == 400);
  CHECK(*twice.body == R"({"error":"the parameter \"name\" is there more than once"})");
  CHECK(
      routes.answer(request("GET", "/a", {{"other", "1"}, {"other", "2"}, {"name", "x"}})).status ==
      200);
}

TEST_CASE("a handler that throws is an answer of 500") {
  Router routes;
  routes.add({.method = "GET",
              .path = "/",
              .help = "",
              .parameters = {},
              .handler = [](const HttpRequest&) -> HttpAnswer {
                throw std::runtime_error("no such luck\xff");
              }});
  const HttpAnswer answer = routes.answer(request("GET", "/"));
  CHECK(answer.status == 500);
  CHECK(*answer.body == "{\"error\":\"no such luck\xef\xbf\xbd\"}");
}

TEST_CASE("the index lists every route with its parameters") {
  const Router routes = router();
  const HttpAnswer index = routes.answer(request("GET", "/"));
  CHECK(index.content_type == "text/plain; charset=utf-8");
  CHECK(*index.body ==
        "provisrd\n\n"
        "GET /a?name=NAME[&limit=N]    says one \n"
        "POST /a?name=NAME[&limit=N]   says two \n"
        "GET /b?name=NAME[&limit=N]    says three \n");
}

TEST_CASE("error texts are valid UTF-8 whatever was asked for") {
  const HttpAnswer answer =
      Router().answer(request("GET", "/\xc3\x28\xe4\xbd\xa0\xff\xed\xa0\x80"));
  CHECK(*answer.body ==
        "{\"error\":\"there is nothing at "
        "/\xef\xbf\xbd(\xe4\xbd\xa0\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
}

TEST_CASE("header fields are found whatever their case") {
  HttpHeaders headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  CHECK(headers.find("ACCEPT") == "a");
  CHECK(headers.all("Accept").size() == 2);
  CHECK_FALSE(headers.find("Accept-Encoding"));
}
