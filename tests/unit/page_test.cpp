#include "daemon/api/page.hpp"

#include "daemon/api/web_files.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/router.hpp"

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace provisr::daemon;

namespace {

struct Page {
  Page() {
    router.add({.method = "GET",
                .path = "/other/metrics/history",
                .help = "<its samples> & more",
                .parameters = {{"name", "NAME", Presence::required}},
                .handler = [](const HttpRequest&) { return text_answer("a history"); }});
    add_page_routes(router, "/other");
  }

  [[nodiscard]] HttpAnswer get(std::string path, std::string accept = "",
                               const AccessCheck& check = {}) const {
    HttpRequest request;
    request.method = "GET";
    request.path = std::move(path);
    if (!accept.empty()) request.headers.add("Accept", std::move(accept));
    return router.answer(request, check);
  }

  Router router;
};

[[nodiscard]] std::string header_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [field, value] : answer.headers) {
    if (field == name) return value;
  }
  return {};
}

[[nodiscard]] std::optional<HttpAnswer> refuse(Access access) {
  if (access == Access::open) return std::nullopt;
  HttpAnswer answer = error_answer(401, "this takes the token");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

constexpr const char* browser = "text/html,application/xhtml+xml,*/*;q=0.8";

}  // namespace

TEST_CASE("the page is HTML under a strict policy, and knows where the API is") {
  const Page page;
  for (const char* const accept : {"", "*/*", browser}) {
    const HttpAnswer answer = page.get("/", accept);
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "text/html; charset=utf-8");
    CHECK(header_of(answer, "Content-Security-Policy").starts_with("default-src 'self'"));
    CHECK(answer.body->find("content=\"/other\"") != std::string::npos);
    CHECK(answer.body->find("{{") == std::string::npos);
  }
}

TEST_CASE("the page lists the routes for who has no JavaScript, as text and not as HTML") {
  const HttpAnswer answer = Page().get("/");
  CHECK(answer.body->find("/other/metrics/history?name=NAME") != std::string::npos);
  CHECK(answer.body->find("&lt;its samples&gt; &amp; more") != std::string::npos);
  CHECK(answer.body->find("<its samples>") == std::string::npos);
}

TEST_CASE("page or list of routes, as the client prefers") {
  const Page page;
  for (const char* const accept :
       {"text/plain", "text/html;q=0.1, text/plain", "text/html;q=0, text/*", "text/plain, */*"}) {
    INFO(accept);
    CHECK(page.get("/", accept).content_type == "text/plain; charset=utf-8");
  }
  for (const char* const accept : {"text/plain;q=0", "text/plain;q=0.5, text/html", "text/*",
                                   "text/html, text/plain", "application/json", "*/*;q=0.1"}) {
    INFO(accept);
    CHECK(page.get("/", accept).content_type == "text/html; charset=utf-8");
  }
  CHECK(page.get("/", "text/html;q=0", refuse).content_type == "application/json");
}

TEST_CASE("the list of routes is to be had as plain text, without the page's parts") {
  const HttpAnswer answer = Page().get("/", "text/plain");
  CHECK(answer.content_type == "text/plain; charset=utf-8");
  CHECK(answer.body->starts_with("provisrd\n"));
  CHECK(answer.body->find("/web/") == std::string::npos);
}

TEST_CASE("everything that the page names is there, with its type, and nothing is inline") {
  const Page page;
  const std::string html = *page.get("/").body;
  CHECK(html.find("<style") == std::string::npos);
  CHECK(html.find("style=") == std::string::npos);
  CHECK(html.find("<script>") == std::string::npos);
  REQUIRE(web_files.size() > 10);
  for (const WebFile& file : web_files) {
    if (file.name == "index.html") continue;
    const HttpAnswer answer = page.get("/web/" + std::string(file.name), "", refuse);
    INFO(file.name);
    CHECK(answer.status == 200);
    CHECK(answer.content_type == file.content_type);
    CHECK(*answer.body == file.text);
    CHECK(file.text.find("http://") == file.text.find("http://www.w3.org"));
  }
  CHECK(page.get("/web/nothing.js").status == 404);
  CHECK(page.get("/web/index.html").status == 404);
  CHECK(page.get("/web/app.js").content_type == "text/javascript; charset=utf-8");
}

TEST_CASE("without the token, a browser gets 401 with a page that asks for it, others JSON") {
  const Page page;
  const HttpAnswer shell = page.get("/", browser, refuse);
  CHECK(shell.status == 401);
  CHECK(header_of(shell, "WWW-Authenticate") == "Bearer");
  CHECK(shell.content_type == "text/html; charset=utf-8");
  CHECK(shell.body->find("metrics/history") == std::string::npos);
  const HttpAnswer refusal = page.get("/", "*/*", refuse);
  CHECK(refusal.status == 401);
  CHECK(refusal.content_type == "application/json");
}
