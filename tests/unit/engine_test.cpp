#include "daemon/http/engine.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <memory>
#include <new>
#include <string>
#include <utility>

using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

[[nodiscard]] FramedRequest request_for(std::string target, std::string method = "GET") {
  FramedRequest request;
  request.request.method = std::move(method);
  request.target = std::move(target);
  request.keeps_alive = true;
  return request;
}

[[nodiscard]] HttpReply reply_to(FramedRequest request, HttpAnswer answer = text_answer("abc")) {
  HttpEngine engine;
  return engine.reply(std::move(request), [&](const HttpRequest&) { return std::move(answer); });
}

/// Returns the request as a handler sees it.
[[nodiscard]] HttpRequest parsed(FramedRequest request) {
  HttpRequest seen;
  HttpEngine engine;
  const HttpReply reply = engine.reply(std::move(request), [&](const HttpRequest& asked) {
    seen = asked;
    return text_answer("");
  });
  CHECK(reply.answer.status == 200);
  return seen;
}

[[nodiscard]] HttpSource no_source() {
  return [](std::string&) { return PullResult::end; };
}

}  // namespace

TEST_CASE("a target is split and decoded") {
  CHECK(parsed(request_for("/")).path == "/");
  CHECK(parsed(request_for("*", "OPTIONS")).path == "*");
  CHECK(parsed(request_for("/a%20b%41+d?x#y")).path == "/a bA+d");
  CHECK(parsed(request_for("/a#b?c")).path == "/a");
  CHECK(parsed(request_for("/%4")).path == "/%4");
  CHECK(parsed(request_for("/%zz%")).path == "/%zz%");
  CHECK(parsed(request_for("/%00%ff")).path == std::string("/\0\xff", 3));
  CHECK(parsed(request_for("//x/../y")).path == "//x/../y");
  const std::string long_path = "/" + std::string(8'000, 'a');
  CHECK(parsed(request_for(long_path)).path == long_path);
}

TEST_CASE("a path that a proxy reads as another is not taken for one that there is") {
  CHECK(parsed(request_for("/api%2Fstop%2f")).path == "/api%2Fstop%2f");
  CHECK(parsed(request_for("/api/%u0073top")).path == "/api/%u0073top");
  CHECK(parsed(request_for("/api%252Fstop")).path == "/api%2Fstop");
}

TEST_CASE("a query is decoded") {
  const HttpQuery query =
      parsed(request_for("/?a=1+2&b=%41%zz%4&&c&d=&=e&a=3&%66=%26%3D#a=4")).query;
  CHECK(query.find("a") == "1 2");
  CHECK(query.count("a") == 2);
  CHECK(query.find("b") == "A%zz%4");
  CHECK(query.find("c") == "");
  CHECK(query.find("d") == "");
  CHECK(query.find("f") == "&=");
  CHECK_FALSE(query.find("g"));
  CHECK(parsed(request_for("/a?x=y=z?&w")).query.find("x") == "y=z?");
}

TEST_CASE("a parameter that is spelled alike twice is not taken for one") {
  const HttpQuery query = parsed(request_for("/?name=a&name=a&x=1&&x=1")).query;
  CHECK(query.count("name") == 2);
  CHECK(query.count("x") == 2);
}

TEST_CASE("any method reaches the handler, and what the reader knows of the request") {
  FramedRequest request = request_for("/", "BREW");
  request.request.host = "h";
  request.request.headers.add("Range", "bytes=%41-");
  const HttpRequest seen = parsed(std::move(request));
  CHECK(seen.method == "BREW");
  CHECK(seen.host == "h");
  CHECK(seen.headers.size() == 1);
  CHECK(seen.headers.find("range") == "bytes=%41-");
}

TEST_CASE("a head has the fields of every answer and those of its own") {
  HttpAnswer answer = json_answer("{}");
  answer.status = 405;
  answer.headers.emplace_back("Allow", "GET");
  const HttpReply reply = reply_to(request_for("/"), answer);
  CHECK_THAT(reply.head, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  for (const char* const field :
       {"Content-Type: application/json", "Content-Length: 2", "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff", "Connection: keep-alive", "Allow: GET"}) {
    CHECK_THAT(reply.head, ContainsSubstring(std::string("\r\n") + field + "\r\n"));
  }
  CHECK_THAT(reply.head, ContainsSubstring(" GMT\r\n"));
  CHECK_THAT(reply.head, EndsWith("\r\n\r\n"));
  CHECK(reply.head.find("\r\n\r\n") + 4 == reply.head.size());
  for (const char* const field : {"Keep-Alive:", "Accept-Ranges:", "REMOTE_ADDR"}) {
    CHECK_THAT(reply.head, !ContainsSubstring(field));
  }
}

TEST_CASE("a body is shared and not copied") {
  const auto body = std::make_shared<const std::string>(100'000, 'x');
  const HttpReply reply = reply_to(request_for("/"), shared_answer("text/plain", body));
  CHECK(reply.answer.body == body);
  CHECK_THAT(reply.head, ContainsSubstring("\r\nContent-Length: 100000\r\n"));
  CHECK(reply.head.size() < 500);
}

TEST_CASE("the end of a source is a chunk or, for HTTP/1.0, the end of the connection") {
  FramedRequest request = request_for("/");
  SECTION("a chunk") {
    const HttpReply reply = reply_to(request, streamed_answer("text/plain", no_source()));
    CHECK(reply.framing == Framing::chunks);
    CHECK(reply.keeps_alive);
    CHECK_THAT(reply.head, ContainsSubstring("\r\nTransfer-Encoding: chunked\r\n"));
    CHECK_THAT(reply.head, !ContainsSubstring("Content-Length"));
  }
  SECTION("the end of the connection") {
    request.is_http_1_0 = true;
    const HttpReply reply = reply_to(request, streamed_answer("text/plain", no_source()));
    CHECK(reply.framing == Framing::close);
    CHECK_FALSE(reply.keeps_alive);
    CHECK_THAT(reply.head, ContainsSubstring("\r\nConnection: close\r\n"));
    CHECK_THAT(reply.head, !ContainsSubstring("Transfer-Encoding"));
    CHECK_THAT(reply.head, !ContainsSubstring("Content-Length"));
  }
}

TEST_CASE("what cpp-httplib cannot read is an error that closes the connection") {
  const HttpReply reply = reply_to(request_for("/a b"));
  CHECK(reply.answer.status == 400);
  CHECK_FALSE(reply.keeps_alive);
  CHECK_THAT(reply.head, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  CHECK_THAT(reply.head, ContainsSubstring("\r\nConnection: close\r\n"));
  CHECK_THAT(reply.head, !ContainsSubstring("Content-Length: 0\r\n"));
}

TEST_CASE("an exception of a handler passes, and the next request is answered") {
  HttpEngine engine;
  const auto failing = [](const HttpRequest&) -> HttpAnswer { throw std::bad_alloc(); };
  CHECK_THROWS_AS(engine.reply(request_for("/"), failing), std::bad_alloc);
  const auto working = [](const HttpRequest&) { return text_answer("x"); };
  CHECK(engine.reply(request_for("/"), working).answer.status == 200);
  CHECK_THAT(engine.last_reply(error_answer(408, "late")).head,
             StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}
