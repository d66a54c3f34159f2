#include "daemon/http/request_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <variant>

using namespace provisr::daemon;

namespace {

constexpr HttpLimits default_limits;

[[nodiscard]] RequestReader::Result read(std::string_view bytes) {
  RequestReader reader(default_limits);
  reader.append(bytes);
  return reader.next();
}

[[nodiscard]] FramedRequest framed(std::string_view bytes) {
  const RequestReader::Result result = read(bytes);
  INFO(bytes);
  REQUIRE(std::holds_alternative<FramedRequest>(result));
  return std::get<FramedRequest>(result);
}

/// Returns the status with which a request is refused; 0 if it is not refused.
[[nodiscard]] int refusal(std::string_view bytes) {
  const RequestReader::Result result = read(bytes);
  const auto* const refused = std::get_if<RefusedRequest>(&result);
  return refused == nullptr ? 0 : refused->status;
}

[[nodiscard]] int refusal_of_field(std::string_view field) {
  return refusal(fmt::format("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", field));
}

}  // namespace

TEST_CASE("a target is brought into one form") {
  const FramedRequest origin = framed("GET /a%20b?x=1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
  CHECK(origin.request.method == "GET");
  CHECK(origin.target == "/a%20b?x=1");
  CHECK(origin.request.host == "h:1");
  CHECK(origin.keeps_alive);

  const FramedRequest absolute =
      framed("GET HTTP://other:80/p?x=/ HTTP/1.1\r\nHost: ignored\r\n\r\n");
  CHECK(absolute.target == "/p?x=/");
  CHECK(absolute.request.host == "other:80");
  CHECK(framed("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").target == "/");
  CHECK(framed("GET http://h?x=2 HTTP/1.1\r\nHost: h\r\n\r\n").target == "/?x=2");
  CHECK(framed("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").target == "*");
  CHECK(framed("GET / HTTP/1.1\r\nHOST:\t h \t\r\n\r\n").request.host == "h");
}

TEST_CASE("a connection is kept alive as the client asks") {
  const auto keeps_alive = [](std::string_view version, std::string_view field) {
    return framed(fmt::format("GET / HTTP/{}\r\nHost: h\r\n{}\r\n", version, field)).keeps_alive;
  };
  CHECK(keeps_alive("1.1", ""));
  CHECK_FALSE(keeps_alive("1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps_alive("1.1", "Connection: x , CLOSE\r\n"));
  CHECK_FALSE(keeps_alive("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK_FALSE(keeps_alive("1.0", ""));
  CHECK(keeps_alive("1.0", "Connection: Keep-Alive\r\n"));
  CHECK(framed("GET / HTTP/1.0\r\n\r\n").is_http_1_0);
}

TEST_CASE("a request may arrive in any pieces, and others behind it") {
  const std::string first = "\r\nGET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  const std::string both = first + "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  RequestReader reader(default_limits);
  std::string targets;
  for (const char byte : both) {
    reader.append(std::string_view(&byte, 1));
    const RequestReader::Result result = reader.next();
    if (const auto* const request = std::get_if<FramedRequest>(&result)) {
      targets += request->target;
    } else {
      REQUIRE(std::holds_alternative<IncompleteRequest>(result));
    }
  }
  CHECK(targets == "/1/2");
  CHECK(reader.is_empty());
}

TEST_CASE("what two parsers could read differently is refused") {
  for (const std::string_view field :
       {"X : y", " X: y", "X", ": y", "X\t: y", "X: a\rb", "X: y\r\n folded", "X: a\x01",
        "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 0\r\nContent-Length: 1",
        "Content-Length: -0", "Content-Length: +1", "Content-Length: 0, 0", "Content-Length: 0x0",
        "Content-Length:", "Host: b", "Host: a", "X: y\nContent-Length: 5"}) {
    INFO(field);
    CHECK(refusal_of_field(field) == 400);
  }
  CHECK(refusal_of_field(std::string_view("X: \0", 4)) == 400);
  for (const std::string_view request : {"GET / HTTP/1.1\n\n",
                                         "GET / HTTP/1.1\r\n\r\n",
                                         "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
                                         "GET /\r\n\r\n",
                                         "GET / http/1.1\r\nHost: a\r\n\r\n",
                                         "GET / HTTP/11\r\nHost: a\r\n\r\n",
                                         "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "OPTIONS  HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "OPTIONS x HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
                                         "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
                                         "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
                                         "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
                                         "GET / HTTP/1.1\r\nHost: [::1]:8x\r\n\r\n",
                                         "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "\x16\x03\x01",
                                         "\n",
                                         " GET",
                                         "\rGET"}) {
    INFO(request);
    CHECK(refusal(request) == 400);
  }
  for (const std::string_view host : {"a:", "a:80", "[::1]", "[::1]:80", "[fe80::1]:"}) {
    INFO(host);
    CHECK(refusal(fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", host)) == 0);
  }
  CHECK(refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
}

TEST_CASE("a body is refused however its end is given") {
  for (const std::string_view field :
       {"Content-Length: 1", "Content-Length: 18446744073709551616", "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity", "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \x0b"
        "chunked"}) {
    INFO(field);
    const int status = refusal_of_field(field);
    CHECK((status == 413 || (status == 400 && field.find('\x0b') != std::string_view::npos)));
  }
  CHECK(refusal_of_field("Content-Length: 000") == 0);
}

TEST_CASE("lines and headers are bounded, whether they end or not") {
  const std::string fits(default_limits.request_line - std::string_view("GET / HTTP/1.1").size(),
                         'a');
  CHECK(refusal("GET /" + fits + " HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(refusal("GET /a" + fits + " HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  CHECK(refusal(std::string(default_limits.request_line + 3, 'a')) == 414);
  const std::string wide(default_limits.headers - std::string_view("Host: a\r\nX: \r\n").size(),
                         'b');
  CHECK(refusal_of_field("X: " + wide) == 0);
  CHECK(refusal_of_field("X: b" + wide) == 431);
  CHECK(refusal("GET / HTTP/1.1\r\n" + std::string(default_limits.headers + 3, 'b')) == 431);
  std::string many;
  for (std::size_t i = 1; i < default_limits.header_fields; ++i) many += "a:\r\n";
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + many + "\r\n") == 0);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + many + "a:\r\n\r\n") == 431);
}
