// A server of short patience, on real sockets: whom it drops, and what it says of it.
#include "daemon/http/server.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

using namespace provisr::daemon;
using namespace std::chrono_literals;
using provisr::test::eventually;
using provisr::test::LogCapture;
using provisr::test::RawClient;
using provisr::test::sanitizer_needs_descriptors;

namespace {

const std::string ask = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

[[nodiscard]] Router make_router() {
  Router router;
  const auto add = [&](std::string path, const HttpSource& source) {
    router.add(
        {.method = "GET",
         .path = std::move(path),
         .help = {},
         .parameters = {},
         .handler = [=](const HttpRequest&) { return streamed_answer("text/plain", source); }});
  };
  add("/endless", [](std::string& piece) {
    piece.assign(std::size_t{1} << 20U, 'x');
    return Pulled::piece;
  });
  add("/broken", [](std::string&) -> Pulled { throw std::runtime_error("broken"); });
  return router;
}

struct Server {
  explicit Server(const HttpLimits& limits)
      : server({.address = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = limits}, router,
               monitor, log.log()) {
    server.bind();
    server.start();
  }

  [[nodiscard]] int port() const { return monitor.address()->port; }

  /// Whether one connection was dropped, for this reason.
  [[nodiscard]] bool drops_one(DropReason expected) const {
    if (!eventually([&] { return monitor.dropped(expected) == 1; })) return false;
    std::size_t all = 0;
    for (std::size_t number = 0; number < drop_reason_count; ++number) {
      all += monitor.dropped(static_cast<DropReason>(number));
    }
    return all == 1;
  }

  LogCapture log;
  Router router = make_router();
  HttpMonitor monitor;
  HttpServer server;
};

/// The next descriptor is the last one that this process gets, while the object lives.
class OneDescriptorLeft {
 public:
  OneDescriptorLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;
    ::setrlimit(RLIMIT_NOFILE, &tight);
  }
  OneDescriptorLeft(const OneDescriptorLeft&) = delete;
  OneDescriptorLeft& operator=(const OneDescriptorLeft&) = delete;
  ~OneDescriptorLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a server counts those whose time is over, by what they were slow at") {
  HttpLimits limits;
  SECTION("a request") {
    limits.request_time = 20ms;
    const Server server(limits);
    RawClient client(server.port());
    client.send("GET /");
    CHECK(provisr::test::status_of_answer(client.read_all()) == 408);
    CHECK(server.drops_one(DropReason::request_timeout));
    CHECK(server.monitor.answers() == std::map<int, std::uint64_t>{{408, 1}});
  }
  SECTION("an answer") {
    limits.answer_time = 20ms;
    const Server server(limits);
    RawClient client(server.port());
    client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(server.drops_one(DropReason::answer_timeout));
    CHECK(server.monitor.answers() == std::map<int, std::uint64_t>{{200, 1}});
  }
  SECTION("another request") {
    limits.idle_time = 20ms;
    const Server server(limits);
    RawClient client(server.port());
    client.send(ask);
    CHECK(provisr::test::status_of_answer(client.read_all()) == 200);
    CHECK(server.drops_one(DropReason::idle_timeout));
  }
  SECTION("nothing: it has got all its answers") {
    limits.closing_time = 20ms;
    const Server server(limits);
    RawClient client(server.port());
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(provisr::test::status_of_answer(client.read_all()) == 200);
    CHECK(eventually([&] { return server.monitor.connections() == 0; }));
    CHECK(server.monitor.dropped(DropReason::idle_timeout) == 0);
  }
}

TEST_CASE("a server at its cap drops the client that has kept it waiting longest") {
  HttpLimits limits;
  limits.connections = 2;
  const Server server(limits);
  RawClient first(server.port());
  REQUIRE(eventually([&] { return server.monitor.connections() == 1; }));
  RawClient second(server.port());
  REQUIRE(eventually([&] { return server.monitor.connections() == 2; }));
  RawClient third(server.port());
  CHECK(first.read_all().empty());
  CHECK(server.drops_one(DropReason::max_connections));
  for (RawClient* const client : {&second, &third}) {
    client->send(ask);
    CHECK(provisr::test::status_of_answer(client->read_answer()) == 200);
  }
  CHECK(server.monitor.connections() == 2);
}

TEST_CASE("a fault while an answer is made ends that connection and is counted") {
  const Server server(HttpLimits{});
  RawClient client(server.port());
  client.send("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
  static_cast<void>(client.read_all());
  CHECK(server.drops_one(DropReason::internal_error));
  CHECK(server.log.count("has ended: broken") == 1);
}

TEST_CASE("a server without a descriptor left makes room, or waits for one") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors for checks of its own");
  const Server server(HttpLimits{});
  SECTION("it drops a client if there is one") {
    RawClient old(server.port());
    REQUIRE(eventually([&] { return server.monitor.connections() == 1; }));
    const OneDescriptorLeft tight;
    RawClient next(server.port());
    CHECK(old.read_all().empty());
    next.send(ask);
    CHECK(provisr::test::status_of_answer(next.read_answer()) == 200);
    CHECK(server.drops_one(DropReason::no_descriptors));
  }
  SECTION("it tries again otherwise") {
    std::optional<OneDescriptorLeft> tight(std::in_place);
    RawClient client(server.port());
    CHECK(eventually([&] { return server.monitor.dropped(DropReason::accept_error) >= 2; }));
    tight.reset();
    client.send(ask);
    CHECK(provisr::test::status_of_answer(client.read_answer()) == 200);
    CHECK(server.monitor.dropped(DropReason::no_descriptors) == 0);
  }
}
