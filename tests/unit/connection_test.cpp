#include "daemon/http/connection.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace provisr::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Phase = Connection::Phase;

namespace {

constexpr HttpLimits limits;
const std::string ask = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// An owner that answers with the path, with pieces from a source, or later.
struct Owner final : ConnectionOwner {
  HttpAnswer answer(const HttpRequest& request) override {
    if (request.path == "/later") {
      return deferred_answer({.begin = [this](const HttpCompletion&) { ++begun; },
                              .time_limit = 40s,
                              .late_text = "too late"});
    }
    if (request.path != "/source") return text_answer(request.path);
    HttpAnswer answer = streamed_answer("text/plain", [this](std::string& piece) {
      if (pieces.empty()) return is_complete ? PullResult::end : PullResult::later;
      piece = pieces.front();
      pieces.pop_front();
      return PullResult::piece;
    });
    answer.idle_piece = idle_piece;
    answer.is_endless = is_endless;
    return answer;
  }
  void count_answer(int status) override { ++counted[status]; }
  HttpEngine& engine() override { return engine_; }
  bool keeps_connections() const override { return is_kept; }
  std::optional<Ticket> open_ticket() override {
    return has_tickets ? std::optional(++last_ticket) : std::nullopt;
  }
  HttpCompletion completion_of(Ticket) override {
    return [](const HttpAnswer&) {};
  }

  int begun = 0;
  bool is_kept = true;
  bool has_tickets = true;
  Ticket last_ticket = 0;
  std::deque<std::string> pieces;
  bool is_complete = true;
  bool is_endless = false;
  std::string idle_piece;
  std::map<int, int> counted;
  HttpEngine engine_;
};

/// A connection and its client, which reads at most `window` bytes at a time.
struct Wire {
  Owner owner;
  Connection::TimePoint now{};
  Connection connection{limits, owner, now};
  std::string taken;

  void receive(std::string_view bytes) { connection.received(bytes, now); }

  void take(std::size_t window = 7) {
    while (take_once(window)) {
    }
  }

  bool take_once(std::size_t window) {
    const auto output = connection.output();
    if (output.empty()) return false;
    std::string bytes;
    for (const std::string_view part : output) bytes += part;
    bytes = bytes.substr(0, window);
    taken += bytes;
    connection.sent(bytes.size(), now);
    return true;
  }

  /// Returns the body if there is only one answer.
  [[nodiscard]] std::string body() const { return taken.substr(taken.find("\r\n\r\n") + 4); }
};

[[nodiscard]] std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("an answer has a header and a body, however slowly it is taken") {
  Wire wire;
  wire.receive(ask);
  CHECK(wire.connection.phase() == Phase::answer);
  wire.take();
  CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nContent-Length: 2\r\n"));
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nCache-Control: no-store\r\n"));
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nX-Content-Type-Options: nosniff\r\n"));
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nConnection: keep-alive\r\n"));
  CHECK(wire.body() == "/a");
  CHECK(wire.connection.phase() == Phase::idle);
}

TEST_CASE("pipelined requests are answered in order") {
  Wire wire;
  wire.receive("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /22 HTTP/1.1\r\nHost: h\r\n\r\n" + ask +
               "GET /en");
  wire.take();
  CHECK(count(wire.taken, "HTTP/1.1 200 OK\r\n") == 3);
  CHECK(wire.taken.find("\r\n\r\n/1HTTP/1.1") < wire.taken.find("Content-Length: 3\r\n"));
  CHECK_THAT(wire.taken, !ContainsSubstring("/22"));
  CHECK_THAT(wire.taken, EndsWith("\r\n\r\n/a"));
  CHECK(wire.connection.phase() == Phase::request);
}

TEST_CASE("the last answer on a connection closes it") {
  Wire wire;
  SECTION("because the client asked") {
    wire.receive("GET /a HTTP/1.0\r\n\r\n" + ask);
    wire.take();
    CHECK(count(wire.taken, "HTTP/1.1 ") == 1);
  }
  SECTION("because it refused the request") {
    wire.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n" + ask);
    wire.take();
    CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 413 "));
    CHECK(count(wire.taken, "HTTP/1.1 ") == 1);
    CHECK(wire.owner.counted == std::map<int, int>{{413, 1}});
  }
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nConnection: close\r\n"));
  CHECK(wire.connection.phase() == Phase::closing);
}

TEST_CASE("a request for a head alone is refused without a body, too") {
  Wire out_of_bounds;
  Wire with_body;
  Wire late;
  SECTION("a line that is too long") {
    out_of_bounds.receive("HEAD /" + std::string(limits.request_line, 'a') + " HTTP/1.1\r\n");
    out_of_bounds.take();
    CHECK_THAT(out_of_bounds.taken, StartsWith("HTTP/1.1 414 "));
    CHECK(out_of_bounds.body().empty());
  }
  SECTION("a body behind another request") {
    with_body.receive(
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
        "HEAD /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    with_body.take();
    CHECK_THAT(with_body.taken, ContainsSubstring("HTTP/1.1 413 "));
    CHECK_THAT(with_body.taken, EndsWith("\r\n\r\n"));
  }
  SECTION("one that does not arrive whole") {
    late.receive("HEAD /a HTTP/1.1\r\n");
    late.connection.deadline_passed(late.now);
    late.take();
    CHECK_THAT(late.taken, StartsWith("HTTP/1.1 408 "));
    CHECK(late.body().empty());
  }
}

TEST_CASE("a connection that is closing waits for the client's end") {
  Wire wire;
  wire.receive("GET /a HTTP/1.0\r\n\r\n");
  wire.take();
  wire.receive(ask);
  CHECK(wire.connection.phase() == Phase::closing);
  SECTION("that comes") {
    wire.connection.input_ended(wire.now);
    CHECK(wire.connection.phase() == Phase::over);
  }
  SECTION("that never comes") {
    CHECK(wire.connection.deadline() == wire.now + limits.closing_time);
    wire.connection.deadline_passed(wire.now);
    CHECK(wire.connection.phase() == Phase::over);
  }
  SECTION("but not for as long as it likes to send") {
    const std::string much(100'000, 'x');
    for (int i = 0; i < 20; ++i) wire.receive(much);
    CHECK(wire.connection.phase() == Phase::over);
  }
}

TEST_CASE("a client that sends no more still gets its answers") {
  Wire wire;
  wire.receive(ask + ask);
  wire.connection.input_ended(wire.now);
  wire.take();
  CHECK(count(wire.taken, "HTTP/1.1 200") == 2);
  CHECK(wire.connection.phase() == Phase::over);
}

TEST_CASE("each phase has its own deadline") {
  Wire wire;
  CHECK(wire.connection.deadline() == wire.now + limits.idle_time);
  wire.now += 3s;
  wire.receive("GET /a HT");
  const auto begun = wire.now;
  wire.now += 9s;
  wire.receive("TP");  // a slow client gains no time
  CHECK(wire.connection.deadline() == begun + limits.request_time);

  SECTION("a request that is not whole in time is answered with 408") {
    wire.now = begun + limits.request_time;
    wire.connection.deadline_passed(wire.now);
    wire.take();
    CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
    CHECK(wire.connection.phase() == Phase::closing);
  }
  SECTION("an answer that is not taken in time is given up") {
    wire.receive("/1.1\r\nHost: h\r\n\r\n");
    const auto answered = wire.now;
    wire.now += 20s;
    static_cast<void>(wire.take_once(1));
    CHECK(wire.connection.deadline() == answered + limits.answer_time);
    wire.connection.deadline_passed(wire.now);
    CHECK(wire.connection.phase() == Phase::over);
    CHECK(wire.connection.output().empty());
  }
  SECTION("an idle connection ends without a word") {
    wire.receive("/1.1\r\nHost: h\r\n\r\n");
    wire.take();
    CHECK(wire.connection.deadline() == wire.now + limits.idle_time);
    wire.taken.clear();
    wire.connection.deadline_passed(wire.now);
    wire.take();
    CHECK(wire.taken.empty());
    CHECK(wire.connection.phase() == Phase::over);
  }
}

TEST_CASE("a source is asked for a piece once the one before is taken") {
  Wire wire;
  wire.owner.pieces = {"one", "three"};
  SECTION("in chunks for HTTP/1.1") {
    wire.receive("GET /source HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(wire.owner.pieces.size() == 2);
    wire.take();
    CHECK_THAT(wire.taken, ContainsSubstring("\r\nTransfer-Encoding: chunked\r\n"));
    CHECK_THAT(wire.taken, !ContainsSubstring("Content-Length"));
    CHECK(wire.body() == "3\r\none\r\n5\r\nthree\r\n0\r\n\r\n");
    CHECK(wire.connection.phase() == Phase::idle);
  }
  SECTION("until the end of the connection for HTTP/1.0") {
    wire.receive("GET /source HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    wire.take();
    CHECK(wire.body() == "onethree");
    CHECK(wire.connection.phase() == Phase::closing);
  }
  SECTION("and not at all for HEAD") {
    wire.receive("HEAD /source HTTP/1.1\r\nHost: h\r\n\r\n");
    wire.take();
    CHECK(wire.body().empty());
    CHECK(wire.owner.pieces.size() == 2);
    CHECK(wire.connection.phase() == Phase::idle);
  }
}

TEST_CASE("a source that has nothing now is asked again when it is woken") {
  Wire wire;
  wire.owner.is_complete = false;
  wire.receive("GET /source HTTP/1.1\r\nHost: h\r\n\r\n");
  wire.take();
  CHECK(wire.connection.phase() == Phase::waiting);
  wire.connection.wake_source(wire.now);
  CHECK(wire.connection.phase() == Phase::waiting);
  wire.owner.pieces = {"late"};
  wire.connection.wake_source(wire.now);
  wire.take();
  CHECK_THAT(wire.taken, EndsWith("4\r\nlate\r\n"));
  wire.owner.is_complete = true;
  wire.connection.wake_source(wire.now);
  wire.take();
  CHECK_THAT(wire.taken, EndsWith("0\r\n\r\n"));
  CHECK(wire.connection.phase() == Phase::idle);
}

TEST_CASE("a source that has nothing for long shows that it lives, if it has words for that") {
  Wire wire;
  wire.owner.is_complete = false;
  wire.owner.idle_piece = GENERATE("", ": quiet\n\n");
  const bool has_words = !wire.owner.idle_piece.empty();
  wire.receive(GENERATE("GET /source HTTP/1.1\r\nHost: h\r\n\r\n", "GET /source HTTP/1.0\r\n\r\n"));
  wire.take();
  const std::string before = wire.taken;
  for (std::size_t turn = 1; turn <= 3; ++turn) {
    CHECK(wire.connection.deadline() == wire.now + limits.source_idle);
    wire.now += limits.source_idle / 2;
    wire.connection.wake_source(wire.now);  // without a piece: does not postpone the idle piece
    wire.now += limits.source_idle / 2;
    wire.connection.deadline_passed(wire.now);
    wire.take();
    CHECK(wire.connection.phase() == Phase::waiting);
    CHECK(count(wire.taken, ": quiet\n\n") == (has_words ? turn : 0));
  }
  if (!has_words) CHECK(wire.taken == before);
}

TEST_CASE("a client that sends no more while its source has nothing gets little time") {
  Wire wire;
  wire.owner.is_complete = false;
  wire.owner.is_endless = GENERATE(false, true);
  wire.receive("GET /source HTTP/1.1\r\nHost: h\r\n\r\n");
  wire.take();
  wire.now += 1s;
  wire.connection.input_ended(wire.now);
  if (wire.owner.is_endless) {
    CHECK(wire.connection.phase() == Phase::over);
    return;
  }
  CHECK(wire.connection.deadline() == wire.now + limits.closing_time);
  CHECK_FALSE(wire.connection.takes_input());
  SECTION("and the answer that comes in that time") {
    wire.owner.is_complete = true;
    wire.owner.pieces = {"late"};
    wire.connection.wake_source(wire.now);
    wire.take();
    CHECK(wire.body() == "4\r\nlate\r\n0\r\n\r\n");
    CHECK(wire.connection.phase() == Phase::over);
  }
  SECTION("and nothing after it") {
    wire.now += limits.closing_time;
    wire.connection.deadline_passed(wire.now);
    CHECK(wire.connection.phase() == Phase::over);
  }
}

TEST_CASE("a deferred answer is sent once it is complete") {
  Wire wire;
  wire.receive("POST /later HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(wire.owner.begun == 1);
  CHECK(wire.connection.phase() == Phase::deferred);
  CHECK(wire.connection.ticket() == Ticket{1});
  CHECK(wire.connection.output().empty());
  wire.connection.complete(error_answer(409, "no"), wire.now);
  CHECK_FALSE(wire.connection.ticket());
  wire.take();
  CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 409 Conflict\r\n"));
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nConnection: keep-alive\r\n"));
  CHECK(wire.body() == R"({"error":"no"})");
  CHECK(wire.owner.counted == std::map<int, int>{{409, 1}});
  CHECK(wire.connection.phase() == Phase::idle);
  wire.connection.complete(text_answer("twice"), wire.now);
  CHECK(wire.connection.phase() == Phase::idle);
}

TEST_CASE("a deferred answer keeps the order of pipelined requests") {
  Wire wire;
  wire.receive(ask + "HEAD /later HTTP/1.1\r\nHost: h\r\n\r\n");
  wire.take();
  CHECK(wire.connection.phase() == Phase::deferred);
  wire.receive("GET /later HTTP/1.1\r\nHost: h\r\n\r\n" + ask);
  CHECK(wire.owner.begun == 1);
  wire.connection.complete(text_answer("head"), wire.now);
  wire.take();
  CHECK(wire.owner.begun == 2);
  CHECK_THAT(wire.taken, !ContainsSubstring("head"));
  wire.connection.complete(text_answer("first"), wire.now);
  wire.take();
  CHECK_THAT(wire.taken, ContainsSubstring("\r\n\r\nfirstHTTP/1.1 200 OK"));
  CHECK_THAT(wire.taken, EndsWith("/a"));
  CHECK(count(wire.taken, "HTTP/1.1 200 OK\r\n") == 4);
  CHECK(wire.connection.phase() == Phase::idle);
}

TEST_CASE("a deferred answer closes the connection of a client that wants that") {
  Wire wire;
  wire.receive("POST /later HTTP/1.0\r\n\r\n");
  wire.owner.pieces = {"a", "b"};
  SECTION("with a length") {
    wire.connection.complete(text_answer("done"), wire.now);
    wire.take();
    CHECK_THAT(wire.taken, ContainsSubstring("\r\nContent-Length: 4\r\n"));
  }
  SECTION("with a source, which HTTP/1.0 knows the end of by the end of the connection") {
    HttpRequest request;
    request.path = "/source";
    wire.connection.complete(wire.owner.answer(request), wire.now);
    wire.take();
    CHECK_THAT(wire.taken, !ContainsSubstring("chunked"));
    CHECK(wire.body() == "ab");
  }
  CHECK_THAT(wire.taken, ContainsSubstring("\r\nConnection: close\r\n"));
  CHECK(wire.connection.phase() == Phase::closing);
}

TEST_CASE("an answer that is not complete in time is 504") {
  Wire wire;
  wire.receive("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(wire.connection.deadline() == wire.now + 40s);
  wire.now += 40s;
  wire.connection.deadline_passed(wire.now);
  wire.take();
  CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 504 Gateway Timeout\r\n"));
  CHECK(wire.body() == R"({"error":"too late"})");
  CHECK(wire.connection.phase() == Phase::idle);
}

TEST_CASE("a request that finds too many answers deferred is not begun") {
  Wire wire;
  wire.owner.has_tickets = false;
  wire.receive("GET /later HTTP/1.1\r\nHost: h\r\n\r\n" + ask);
  wire.take();
  CHECK(wire.owner.begun == 0);
  CHECK_THAT(wire.taken, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK_THAT(wire.taken, EndsWith("/a"));
}

TEST_CASE("a client that sends no more while its answer is deferred gets little time") {
  Wire wire;
  wire.receive("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  wire.connection.input_ended(wire.now);
  CHECK_FALSE(wire.connection.takes_input());
  SECTION("it may be there") {
    wire.connection.complete(text_answer("done"), wire.now);
    wire.take();
    CHECK_THAT(wire.taken, EndsWith("done"));
    CHECK(wire.connection.phase() == Phase::over);
  }
  SECTION("it has gone, most likely") {
    CHECK(wire.connection.deadline() == wire.now + limits.closing_time);
    wire.connection.deadline_passed(wire.now + limits.closing_time);
    CHECK(wire.connection.phase() == Phase::over);
  }
}

TEST_CASE("what a client sends behind a request that is not answered is bounded") {
  Wire wire;
  wire.owner.is_complete = false;
  wire.receive(GENERATE("GET /later HTTP/1.1\r\nHost: h\r\n\r\n",
                        "GET /source HTTP/1.1\r\nHost: h\r\n\r\n"));
  wire.take();
  std::size_t sent = 0;
  for (; wire.connection.takes_input(); sent += ask.size()) wire.receive(ask);
  CHECK(sent >= limits.request_line + limits.headers);
  CHECK(sent < limits.request_line + limits.headers + ask.size());
  wire.owner.is_complete = true;
  wire.connection.complete(text_answer("done"), wire.now);
  wire.connection.wake_source(wire.now);
  wire.take();
  CHECK(count(wire.taken, "HTTP/1.1 200 OK\r\n") == 1 + sent / ask.size());
  CHECK(wire.connection.phase() == Phase::idle);
}
