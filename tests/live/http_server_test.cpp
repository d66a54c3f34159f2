// A server with short timeouts on real sockets: which clients it drops, and what it reports.
#include "daemon/api/event_hub.hpp"
#include "daemon/api/events.hpp"
#include "daemon/http/server.hpp"
#include "support/descriptor_limit.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using namespace std::chrono_literals;
using provisr::test::DescriptorLimit;
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
    return PullResult::piece;
  });
  add("/broken", [](std::string&) -> PullResult { throw std::runtime_error("broken"); });
  return router;
}

struct BoundedServer {
  explicit BoundedServer(const HttpLimits& limits)
      : server({.address = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = limits}, router,
               monitor, log.log()) {
    server.bind();
    server.start();
  }

  [[nodiscard]] int port() const { return monitor.address()->port; }

  /// Waits until a connection was dropped for this reason. Returns whether it is the only one.
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

}  // namespace

TEST_CASE("a server counts those whose time is over, by what they were slow at") {
  HttpLimits limits;
  SECTION("a request") {
    limits.request_time = 20ms;
    const BoundedServer server(limits);
    RawClient client(server.port());
    client.send("GET /");
    CHECK(provisr::test::status_of_answer(client.read_all()) == 408);
    CHECK(server.drops_one(DropReason::request_timeout));
    CHECK(server.monitor.answers() == std::map<int, std::uint64_t>{{408, 1}});
  }
  SECTION("an answer") {
    limits.answer_time = 20ms;
    const BoundedServer server(limits);
    RawClient client(server.port());
    client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(server.drops_one(DropReason::answer_timeout));
    CHECK(server.monitor.answers() == std::map<int, std::uint64_t>{{200, 1}});
  }
  SECTION("another request") {
    limits.idle_time = 20ms;
    const BoundedServer server(limits);
    RawClient client(server.port());
    client.send(ask);
    CHECK(provisr::test::status_of_answer(client.read_all()) == 200);
    CHECK(server.drops_one(DropReason::idle_timeout));
  }
  SECTION("nothing: it has got all its answers") {
    limits.closing_time = 20ms;
    const BoundedServer server(limits);
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
  const BoundedServer server(limits);
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
  const BoundedServer server(HttpLimits{});
  RawClient client(server.port());
  client.send("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
  static_cast<void>(client.read_all());
  CHECK(server.drops_one(DropReason::internal_error));
  CHECK(server.log.count("has ended: broken") == 1);
}

TEST_CASE("a server without a descriptor left makes room, or waits for one") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors for checks of its own");
  const BoundedServer server(HttpLimits{});
  SECTION("it drops a client if there is one") {
    RawClient old(server.port());
    REQUIRE(eventually([&] { return server.monitor.connections() == 1; }));
    const DescriptorLimit one_left(1);
    RawClient next(server.port());
    CHECK(old.read_all().empty());
    next.send(ask);
    CHECK(provisr::test::status_of_answer(next.read_answer()) == 200);
    CHECK(server.drops_one(DropReason::no_descriptors));
  }
  SECTION("it tries again otherwise") {
    std::optional<DescriptorLimit> one_left(1);
    RawClient client(server.port());
    CHECK(eventually([&] { return server.monitor.dropped(DropReason::accept_error) >= 2; }));
    one_left.reset();
    client.send(ask);
    CHECK(provisr::test::status_of_answer(client.read_answer()) == 200);
    CHECK(server.monitor.dropped(DropReason::no_descriptors) == 0);
  }
}

namespace {

/// A server whose answers a test completes from its own thread.
struct Deferring {
  explicit Deferring(HttpLimits limits = {}, std::chrono::milliseconds time_limit = 10min)
      : time_limit_(time_limit) {
    router.add({.method = "GET",
                .path = "/later",
                .help = {},
                .parameters = {},
                .handler = [this](const HttpRequest&) {
                  return deferred_answer({.begin =
                                              [this](HttpCompletion complete) {
                                                const std::lock_guard lock(mutex_);
                                                completions_.push_back(std::move(complete));
                                              },
                                          .time_limit = time_limit_,
                                          .late_text = "too late"});
                }});
    server.emplace(HttpServerOptions{.address = {.host = "127.0.0.1", .port = 0, .path = ""},
                                     .limits = limits},
                   router, monitor, log.log());
    server->bind();
    server->start();
  }

  [[nodiscard]] RawClient connect() const { return RawClient(monitor.address()->port); }

  [[nodiscard]] std::size_t begun() const {
    const std::lock_guard lock(mutex_);
    return completions_.size();
  }
  [[nodiscard]] bool begins(std::size_t count) const {
    return eventually([&] { return begun() == count; });
  }

  void complete(std::size_t index, const std::string& text) {
    std::unique_lock lock(mutex_);
    const HttpCompletion completion = completions_.at(index);
    lock.unlock();
    completion([&] { return text_answer(text); });
  }
  void complete_without_memory(std::size_t index) {
    const std::lock_guard lock(mutex_);
    completions_.at(index)([]() -> HttpAnswer { throw std::bad_alloc(); });
  }

  LogCapture log;
  Router router;
  HttpMonitor monitor;
  std::optional<HttpServer> server;

 private:
  std::chrono::milliseconds time_limit_;
  mutable std::mutex mutex_;
  std::vector<HttpCompletion> completions_;
};

const std::string ask_later = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";

[[nodiscard]] std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

[[nodiscard]] bool turns_away(const Deferring& world) {
  try {
    static_cast<void>(world.connect());
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

[[nodiscard]] bool closes_behind(const std::string& answer, int status) {
  return provisr::test::status_of_answer(answer) == status &&
         answer.find("\r\nConnection: close\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a deferred answer that cannot be made ends the connection") {
  Deferring world;
  RawClient client = world.connect();
  client.send(ask_later);
  REQUIRE(world.begins(1));
  world.complete_without_memory(0);
  CHECK(client.read_all().empty());
  CHECK(eventually([&] { return world.monitor.dropped(DropReason::internal_error) == 1; }));
  world.complete(0, "too late");
  RawClient other = world.connect();
  other.send(ask_later);
  REQUIRE(world.begins(2));
  world.complete(1, "text");
  CHECK(body_of(other.read_answer()) == "text");
}

TEST_CASE("answers that are deferred keep nobody waiting but their clients") {
  constexpr std::size_t count = 200;
  Deferring world;
  std::vector<RawClient> waiting;
  for (std::size_t i = 0; i < count; ++i) waiting.push_back(world.connect());
  for (std::size_t i = 0; i < count; ++i) {
    waiting[i].send(ask_later);
    REQUIRE(world.begins(i + 1));
  }
  RawClient other = world.connect();
  other.send(ask);
  CHECK(provisr::test::status_of_answer(other.read_answer()) == 200);
  for (std::size_t i = count; i-- > 0;) world.complete(i, std::to_string(i));
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(body_of(waiting[i].read_answer()) == std::to_string(i));
  }
}

TEST_CASE("a deferred answer and those behind it come in the order of their requests") {
  Deferring world;
  RawClient client = world.connect();
  client.send(ask_later + ask + ask_later);
  REQUIRE(world.begins(1));
  world.complete(0, "first");
  CHECK(body_of(client.read_answer()) == "first");
  CHECK(provisr::test::status_of_answer(client.read_answer()) == 200);
  REQUIRE(world.begins(2));
  world.complete(1, "last");
  CHECK(body_of(client.read_answer()) == "last");
}

TEST_CASE("an answer is completed at most once") {
  Deferring world;
  RawClient client = world.connect();
  client.send(ask_later + ask_later);
  REQUIRE(world.begins(1));
  world.complete(0, "once");
  world.complete(0, "twice");
  CHECK(body_of(client.read_answer()) == "once");
  REQUIRE(world.begins(2));
  world.complete(0, "a third time");
  world.complete(1, "next");
  CHECK(body_of(client.read_answer()) == "next");
}

TEST_CASE("deferred answers are bounded, and what is refused is not begun") {
  HttpLimits limits;
  limits.connections = GENERATE(std::size_t{4}, std::size_t{100});
  limits.deferred = 2;
  Deferring world(limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(world.connect());
  for (RawClient& client : clients) client.send(ask_later);
  REQUIRE(world.begins(2));
  RawClient beyond = world.connect();
  beyond.send(ask_later);
  CHECK(provisr::test::status_of_answer(beyond.read_answer()) == 503);
  CHECK(world.begun() == 2);
  world.complete(0, "done");
  CHECK(body_of(clients[0].read_answer()) == "done");
  beyond.send(ask_later);
  CHECK(world.begins(3));
}

TEST_CASE("a client whose answer is deferred is not dropped for being slow") {
  HttpLimits limits;
  limits.connections = 2;
  limits.idle_time = 10ms;
  limits.request_time = 10ms;
  limits.answer_time = 10ms;
  Deferring world(limits);
  RawClient client = world.connect();
  client.send(ask_later);
  REQUIRE(world.begins(1));
  for (int i = 0; i < 5; ++i) {
    RawClient other = world.connect();
    CHECK(other.read_all().empty());
  }
  world.complete(0, "done");
  CHECK(body_of(client.read_answer()) == "done");
}

TEST_CASE("a client that has gone frees its place, and what comes for it is dropped") {
  HttpLimits limits;
  limits.deferred = 1;
  limits.closing_time = 1ms;
  Deferring world(limits);
  { world.connect().send(ask_later); }
  REQUIRE(world.begins(1));
  REQUIRE(eventually([&] { return world.monitor.connections() == 0; }));
  RawClient next = world.connect();
  next.send(ask_later);
  REQUIRE(world.begins(2));
  world.complete(0, "for nobody");
  world.complete(1, "done");
  CHECK(body_of(next.read_answer()) == "done");
}

TEST_CASE("an answer that nobody completes has a time limit") {
  Deferring world({}, 1ms);
  RawClient client = world.connect();
  client.send(ask_later);
  const std::string answer = client.read_answer();
  CHECK(provisr::test::status_of_answer(answer) == 504);
  CHECK(body_of(answer) == R"({"error":"too late"})");
  world.complete(0, "later still");
  client.send(ask);
  CHECK(provisr::test::status_of_answer(client.read_answer()) == 200);
}

TEST_CASE("a server that finishes answers who waits, and keeps no connection") {
  Deferring world;
  RawClient waiting = world.connect();
  waiting.send(ask_later);
  REQUIRE(world.begins(1));
  RawClient behind = world.connect();
  behind.send(ask_later + ask);
  REQUIRE(world.begins(2));
  RawClient half = world.connect();
  half.send("GET / HTTP/1.1\r\n");
  RawClient idle = world.connect();
  idle.send(ask);
  CHECK(provisr::test::status_of_answer(idle.read_answer()) == 200);
  world.server->stop_accepting();
  CHECK_FALSE(world.server->is_drained());

  world.server->finish();
  CHECK(idle.read_all().empty());
  half.send("Host: h\r\n\r\n");
  CHECK(closes_behind(half.read_all(), 200));
  world.complete(0, "done");
  const std::string answer = waiting.read_all();
  CHECK(closes_behind(answer, 200));
  CHECK(body_of(answer) == "done");
  CHECK_FALSE(world.server->is_drained());
  CHECK(eventually([&] { return turns_away(world); }));
  world.complete(1, "done");
  CHECK(body_of(behind.read_answer()) == "done");
  CHECK(closes_behind(behind.read_all(), 200));
  CHECK(eventually([&] { return world.server->is_drained(); }));
}

TEST_CASE("a client of a server that takes no more is told to come back") {
  BoundedServer server({});
  RawClient client(server.port());
  client.send(ask);
  CHECK_FALSE(closes_behind(client.read_answer(), 200));
  server.server.stop_accepting();
  client.send(ask + ask);
  CHECK_FALSE(closes_behind(client.read_answer(), 200));
  CHECK(closes_behind(client.read_all(), 200));
}

TEST_CASE("the connections of a server and of its successor are counted together") {
  BoundedServer first({});
  RawClient stays(first.port());
  std::optional<RawClient> leaves(RawClient(first.port()));
  REQUIRE(eventually([&] { return first.monitor.connections() == 2; }));
  {
    HttpServer second({.address = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = {}},
                      first.router, first.monitor, first.log.log());
    REQUIRE(second.share(first.server));
    first.server.stop_accepting();
    second.start();
    RawClient comes(first.port());
    comes.send(ask);
    CHECK(provisr::test::status_of_answer(comes.read_answer()) == 200);
    CHECK(first.monitor.connections() == 3);
    leaves.reset();
    CHECK(eventually([&] { return first.monitor.connections() == 2; }));
  }
  CHECK(first.monitor.connections() == 1);
}

TEST_CASE("a server that stops tells those who wait, and takes no answer afterwards") {
  Deferring world;
  RawClient client = world.connect();
  RawClient other = world.connect();
  client.send(ask_later);
  REQUIRE(world.begins(1));
  other.send(ask_later);
  REQUIRE(world.begins(2));
  world.complete(0, "just in time");
  world.server->stop();
  CHECK(body_of(client.read_answer()) == "just in time");
  const std::string answer = other.read_answer();
  CHECK(provisr::test::status_of_answer(answer) == 503);
  CHECK(body_of(answer) == R"({"error":"provisrd is ending"})");
  world.complete(1, "too late");
  world.server.reset();
  world.complete(1, "far too late");
}

namespace {

/// A server with one client that causes much work, and another that asks for little.
struct BusyServer {
  BusyServer() {
    add("/quick", [this](const HttpRequest&) {
      const std::lock_guard lock(mutex);
      done_before_quick = done;
      quick.notify_all();
      return text_answer("quick");
    });
    add("/slow", [this](const HttpRequest&) {
      work();
      return text_answer("slow");
    });
    add("/pieces", [this](const HttpRequest&) {
      return streamed_answer("text/plain", [this](std::string& piece) {
        piece = ' ';
        return work() < most ? PullResult::piece : PullResult::end;
      });
    });
    server.bind();
    server.start();
  }
  BusyServer(const BusyServer&) = delete;
  BusyServer& operator=(const BusyServer&) = delete;
  ~BusyServer() { server.stop(); }

  void add(std::string path, const HttpHandler& handler) {
    router.add({.method = "GET",
                .path = std::move(path),
                .help = {},
                .parameters = {},
                .handler = handler});
  }

  /// Takes a while until the quick client has its answer. Returns the amount of work so far.
  std::size_t work() {
    std::unique_lock lock(mutex);
    is_busy.notify_all();
    quick.wait_for(lock, 10ms, [this] { return done_before_quick.has_value(); });
    return ++done;
  }

  static constexpr std::size_t most = 200;
  std::mutex mutex;
  std::condition_variable is_busy;
  std::condition_variable quick;
  std::size_t done = 0;
  std::optional<std::size_t> done_before_quick;
  LogCapture log;
  Router router;
  HttpMonitor monitor;
  HttpServer server{{.address = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = {}},
                    router,
                    monitor,
                    log.log()};
};

[[nodiscard]] std::string asking_for(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

}  // namespace

TEST_CASE("answers that are small and take long to make keep nobody else waiting") {
  BusyServer world;
  RawClient busy(world.monitor.address()->port);
  RawClient other(world.monitor.address()->port);
  std::string asked;
  SECTION("one that is made in pieces") {
    asked = asking_for("/pieces");
  }
  SECTION("those of pipelined requests") {
    for (std::size_t i = 0; i < BusyServer::most; ++i) asked += asking_for("/slow");
  }
  {
    std::unique_lock lock(world.mutex);
    busy.send(asked);
    REQUIRE(world.is_busy.wait_for(lock, 10s, [&] { return world.done > 0; }));
  }
  other.send(asking_for("/quick"));
  CHECK(provisr::test::status_of_answer(other.read_answer()) == 200);
  const std::lock_guard lock(world.mutex);
  CHECK(world.done_before_quick.value_or(BusyServer::most) < BusyServer::most);
}

namespace {

/// A server with a stream of events.
struct Streaming {
  explicit Streaming(const HttpLimits& limits, EventHub::Limits kept = {})
      : hub(kept, provisr::Clock::system()) {
    add_events_route(router, "", hub);
    server.emplace(HttpServerOptions{.address = {.host = "127.0.0.1", .port = 0, .path = ""},
                                     .limits = limits},
                   router, monitor, log.log());
    server->bind();
    server->start();
    waker.emplace(hub, [this] { server->wake_sources(); });
  }

  /// Returns a client whose stream has begun.
  [[nodiscard]] RawClient listen() const {
    RawClient client(monitor.address()->port);
    client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(provisr::test::status_of_answer(client.read_answer()) == 200);
    return client;
  }

  LogCapture log;
  Router router;
  HttpMonitor monitor;
  EventHub hub;
  std::optional<HttpServer> server;
  std::optional<EventHub::Waker> waker;
};

}  // namespace

TEST_CASE("a listener that does not read loses its connection, others hear everything") {
  HttpLimits limits;
  limits.answer_time = 100ms;
  Streaming world(limits);
  const RawClient deaf = world.listen();
  RawClient listener = world.listen();
  const std::string data(std::size_t{64} * 1024, 'x');
  std::size_t published = 0;
  std::size_t heard = 0;
  const bool is_dropped = eventually([&] {
    world.hub.publish("started", data);
    published += data.size();
    while (heard < published) heard += listener.read_some().size();
    return world.monitor.dropped(DropReason::answer_timeout) == 1;
  });
  CHECK(is_dropped);
  CHECK(world.monitor.connections() == 1);
}

TEST_CASE("streams end with a server that finishes, those that are not taken too") {
  Streaming world(HttpLimits{}, {.events = 2, .ticks = 1, .streams = 8});
  RawClient listener = world.listen();
  RawClient slow = world.listen();
  const std::string data(std::size_t{8} << 20U, 'x');  // more than the system buffers
  world.hub.publish("started", data);
  world.server->stop_accepting();
  world.server->finish();
  CHECK(listener.read_all().find(data) != std::string::npos);
  CHECK(slow.read_all().find(data) != std::string::npos);
  CHECK(eventually([&] { return world.server->is_drained(); }));
}

namespace {

/// A server with an answer whose end comes once it is allowed.
struct Withheld {
  Withheld() {
    router.add({.method = "GET",
                .path = "/withheld",
                .help = "comes later",
                .parameters = {},
                .handler = [this](const HttpRequest&) {
                  return streamed_answer("text/plain", [this](std::string& piece) {
                    ++asked;
                    if (!is_allowed) return PullResult::later;
                    piece += "allowed";
                    return PullResult::end;
                  });
                }});
    server.emplace(
        HttpServerOptions{.address = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = {}},
        router, monitor, log.log());
    server->bind();
    server->start();
  }

  LogCapture log;
  Router router;
  HttpMonitor monitor;
  std::atomic<int> asked = 0;
  std::atomic<bool> is_allowed = false;
  std::optional<HttpServer> server;
};

}  // namespace

TEST_CASE("a server that finishes still gives the answers that wait for something") {
  Withheld world;
  RawClient client(world.monitor.address()->port);
  client.send("GET /withheld HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(eventually([&] { return world.asked > 0; }));
  world.server->stop_accepting();
  world.server->finish();
  const int before = world.asked;
  world.server->wake_sources();
  REQUIRE(eventually([&] { return world.asked > before; }));
  CHECK_FALSE(world.server->is_drained());
  world.is_allowed = true;
  world.server->wake_sources();
  CHECK(client.read_all().find("allowed") != std::string::npos);
  CHECK(eventually([&] { return world.server->is_drained(); }));
}

TEST_CASE("a stream that has missed an event ends") {
  Streaming world(HttpLimits{}, {.events = 2, .ticks = 1, .streams = 8});
  RawClient slow = world.listen();
  const std::string data(std::size_t{8} << 20U, 'x');  // more than the system buffers
  for (int i = 0; i < 8; ++i) world.hub.publish("started", data);
  std::string text;
  while (!text.ends_with("0\r\n\r\n")) text += slow.read_some();
  CHECK(text.size() < 8 * data.size());
}

TEST_CASE("a stream shows that it lives while nothing happens") {
  HttpLimits limits;
  limits.source_idle = 5ms;
  Streaming world(limits);
  RawClient client = world.listen();
  std::string text;
  while (text.size() < 100) text += client.read_some();
  CHECK(text.find(": nothing new\n\n") != std::string::npos);
}

TEST_CASE("clients that end their streams free their places") {
  Streaming world(HttpLimits{}, {.events = 2, .ticks = 1, .streams = 2});
  for (int round = 0; round < 3; ++round) {
    REQUIRE(eventually([&] { return world.monitor.connections() == 0; }));
    const RawClient first = world.listen();
    const RawClient second = world.listen();
    RawClient third(world.monitor.address()->port);
    third.send("GET /events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(provisr::test::status_of_answer(third.read_all()) == 503);
  }
}
