#include "daemon/http/client.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"
#include "support/fake_server.hpp"
#include "support/log_capture.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

constexpr std::chrono::milliseconds plenty{60'000};

[[nodiscard]] ListenAddress loopback(int port) {
  return {.host = "127.0.0.1", .port = port, .path = ""};
}

/// An HttpServer that answers with the request that it received.
struct EchoServer {
  explicit EchoServer(const ListenAddress& address)
      : server({.address = address}, router, monitor, log.log()) {
    router.add({.method = "GET", .path = "/echo", .help = "", .parameters = {}, .handler = echo});
    router.add({.method = "GET", .path = "/large", .help = "", .parameters = {}, .handler = large});
    server.bind();
    server.start();
  }
  ~EchoServer() { server.stop(); }

  static HttpAnswer echo(const HttpRequest& request) {
    return text_answer(fmt::format("{} {} {}", request.host, request.query.find("a").value_or("-"),
                                   request.headers.find("authorization").value_or("-")));
  }
  static HttpAnswer large(const HttpRequest&) { return text_answer(std::string(3'000'000, 'x')); }

  LogCapture log;
  Router router;
  HttpMonitor monitor;
  HttpServer server;
};

}  // namespace

TEST_CASE("an HTTP client and the server understand each other") {
  const EchoServer server(loopback(0));
  const ListenAddress address = server.server.address();
  const HttpClient client(address, "t0ken");
  const HttpResponse echoed = client.send("GET", "/echo?a=b-1", plenty);
  CHECK(echoed.status == 200);
  CHECK(echoed.body == fmt::format("127.0.0.1:{} b-1 Bearer t0ken", address.port));
  CHECK(client.send("GET", "/nothing", plenty).status == 404);
  CHECK(client.send("POST", "/echo", plenty).status == 405);
  CHECK(client.send("GET", "/large", plenty).body == std::string(3'000'000, 'x'));
}

TEST_CASE("an HTTP client talks over a Unix socket") {
  const TempDirectory folder;
  const ListenAddress address{.host = "", .port = 0, .path = folder.path() / "socket"};
  const EchoServer server(address);
  CHECK(HttpClient(address).send("GET", "/echo", plenty).body == "localhost - -");
}

TEST_CASE("an HTTP client takes the family that answers") {
  const EchoServer server(loopback(0));
  const int port = server.server.address().port;
  const HttpClient client({.host = "localhost", .port = port, .path = ""});
  CHECK(client.send("GET", "/echo", plenty).body == fmt::format("localhost:{} - -", port));
}

TEST_CASE("an HTTP client gives up a server that falls silent, whatever it has sent") {
  const std::string bytes = GENERATE(
      "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
      "HTTP/1.1 200 OK\r\n\r\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx");
  const FakeServer server(bytes, FakeServer::Ending::hold);
  const HttpClient client(loopback(server.port()));
  CHECK_THROWS_MATCHES(client.send("GET", "/", 30ms), HttpFailure,
                       MessageMatches(ContainsSubstring("no complete answer within 30ms")));
}

TEST_CASE("an HTTP client bounds what it takes") {
  const HttpClientLimits limits{.head = 100, .body = 10};
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const auto failure_of = [&](const std::string& bytes) {
    const FakeServer server(bytes, FakeServer::Ending::endless);
    try {
      return HttpClient(loopback(server.port()), {}, limits).send("GET", "/", plenty).body;
    } catch (const HttpFailure& failure) {
      return std::string(failure.what());
    }
  };
  CHECK(failure_of(head + "\r\n12345678901") == "the answer is longer than 10 bytes");
  CHECK(failure_of(head + "Content-Length: 11\r\n\r\n0") == "the answer is longer than 10 bytes");
  CHECK(failure_of(head + "Content-Length: 10\r\n\r\n0") == "0000000000");
  CHECK(failure_of(head + "Content-Length: 99999999999999999999\r\n\r\n0") ==
        "the answer is longer than 10 bytes");
  CHECK(failure_of(head + "X") == "the answer's header is longer than 100 bytes");
  CHECK(failure_of("HTTP/1.1 200 x") == "the answer's header is longer than 100 bytes");
  CHECK(failure_of("x") == "what answers there is not HTTP");
  CHECK(failure_of("HTTP/1.1 1") == "what answers there is not HTTP");
}

TEST_CASE("a token that could add header fields is refused") {
  const std::string token = GENERATE("a\r\nX: y", "a b", "\xc3\xa4", "\x7f");
  CHECK_THROWS_AS(HttpClient(loopback(1), token), std::invalid_argument);
}
