// The event stream of the real daemon, and histories that are sent in pieces.
#include "support/daemon_runner.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Configures a process that ends immediately after each start.
[[nodiscard]] std::string restarting(std::string_view interval = "100ms") {
  return fmt::format(
      "[[processes]]\nname = \"app\"\nauto_restart = true\nretry_interval = \"{}\"\n"
      "max_restart_interval = \"{}\"\n{}\n",
      interval, interval, child_args({"exiter", "3"}));
}

[[nodiscard]] std::string ask(std::string_view target, std::string_view fields = "",
                              std::string_view version = "1.1") {
  return fmt::format("GET {} HTTP/{}\r\nHost: localhost\r\n{}\r\n", target, version, fields);
}

/// A client of a stream.
class Listener {
 public:
  Listener(const Daemon& daemon, const std::string& request) : client_(daemon.api_port()) {
    client_.send(request);
  }

  /// Reads until `words` have come `times` times, and returns the whole text so far.
  const std::string& read_until(std::string_view words, std::size_t times = 1) {
    while (count(words) < times) text_ += client_.read_some();
    return text_;
  }

  [[nodiscard]] std::size_t count(std::string_view words) const {
    std::size_t found = 0;
    for (auto at = text_.find(words); at != text_.npos; at = text_.find(words, at + 1)) ++found;
    return found;
  }

  [[nodiscard]] std::string read_to_end() { return text_ + client_.read_all(); }

 private:
  RawClient client_;
  std::string text_;
};

[[nodiscard]] std::vector<std::uint64_t> ids_in(const std::string& text) {
  std::vector<std::uint64_t> ids;
  constexpr std::string_view words = "\nid: ";
  for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1)) {
    ids.push_back(std::stoull(text.substr(at + words.size())));
  }
  return ids;
}

}  // namespace

TEST_CASE("a breach of a limit is an event") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"50ms\"\n[[processes]]\nname = \"big\"\n" +
      child_args({"allocator", "64"}) +
      "[processes.limits]\nmax_memory_mb = 32\nfor = \"100ms\"\n");
  Listener listener(daemon, ask("/api/events", "Last-Event-ID: 1\r\n"));
  const std::string& text = listener.read_until("\"action\":\"log\"");
  CHECK_THAT(text, ContainsSubstring("event: limit\n"));
  CHECK_THAT(text, ContainsSubstring("data: {\"name\":\"big\",\"pid\":"));
  CHECK_THAT(text, ContainsSubstring("\"limit\":\"memory\""));
}

TEST_CASE("starts and ends are streamed as they happen") {
  const Daemon daemon(restarting());
  const std::string version = GENERATE("1.0", "1.1");
  Listener listener(daemon, ask("/api/events", "", version));
  const std::string text = listener.read_until("event: exited\n", 2);
  CHECK(status_of_answer(text) == 200);
  CHECK_THAT(text, ContainsSubstring("\r\nContent-Type: text/event-stream\r\n"));
  const bool is_chunked = text.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos;
  CHECK(is_chunked == (version == "1.1"));
  CHECK_THAT(text, ContainsSubstring("event: started\nid: "));
  CHECK_THAT(text, ContainsSubstring("data: {\"name\":\"app\",\"kind\":\"child\",\"state\":"));
  CHECK_THAT(text, ContainsSubstring("\"code\":3,"));
  CHECK_THAT(text, !ContainsSubstring("event: tick"));
  const std::vector<std::uint64_t> ids = ids_in(text);
  for (std::size_t i = 1; i < ids.size(); ++i) CHECK(ids[i] > ids[i - 1]);
}

TEST_CASE("a listener that comes back hears what it has missed") {
  const Daemon daemon(restarting());
  std::vector<std::uint64_t> before;
  {
    Listener listener(daemon, ask("/api/events"));
    before = ids_in(listener.read_until("event: exited\n", 2));
  }
  Listener again(daemon, ask("/api/events", fmt::format("Last-Event-ID: {}\r\n", before.front())));
  const std::vector<std::uint64_t> after = ids_in(again.read_until("event: exited\n", 3));
  REQUIRE(after.size() >= 2);
  CHECK(after.front() == before.front() + 1);
}

TEST_CASE("ticks are streamed to those who ask for them") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"50ms\"\n");
  Listener listener(daemon, ask("/api/events?ticks=1"));
  const std::string text = listener.read_until("event: tick\n", 3);
  CHECK_THAT(text, ContainsSubstring("data: {\"tick\":"));
}

TEST_CASE("a client that asks for the head of the stream gets just that") {
  const Daemon daemon(restarting());
  RawClient client(daemon.api_port());
  client.send("HEAD /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n" +
              ask("/healthz", "Connection: close\r\n"));
  const std::string text = client.read_all();
  CHECK_THAT(text, ContainsSubstring("text/event-stream"));
  CHECK(text.ends_with("\r\n\r\nok\n"));
}

TEST_CASE("streams end with the daemon, and do not hold it up") {
  Daemon daemon("[metrics.process_metrics]\ninterval = \"50ms\"\n");
  std::vector<Listener> listeners;
  for (int i = 0; i < 20; ++i) listeners.emplace_back(daemon, ask("/api/events?ticks=1"));
  for (Listener& listener : listeners) listener.read_until("event: tick\n");
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
  for (Listener& listener : listeners) CHECK(status_of_answer(listener.read_to_end()) == 200);
}

TEST_CASE("streams are bounded and leave room for other requests") {
  const Daemon daemon("");
  std::vector<RawClient> clients;
  int streams = 0;
  for (int i = 0; i < 70; ++i) {
    clients.emplace_back(daemon.api_port()).send(ask("/api/events"));
    if (status_of_answer(clients.back().read_answer()) == 200) ++streams;
  }
  CHECK(streams == 64);
  CHECK(daemon.get("/api/status").status == 200);
  clients.clear();
  CHECK(eventually([&] {
    RawClient client(daemon.api_port());
    client.send(ask("/api/events"));
    return status_of_answer(client.read_answer()) == 200;
  }));
}

TEST_CASE("a long history is sent in chunks, or until the end of the connection") {
  const Daemon daemon(
      "[metrics.process_metrics]\ninterval = \"10ms\"\nmax_history = 1000\n[[processes]]\n"
      "name = \"app\"\n" +
      child_args({"threader", "1"}));
  const auto samples = [&] {
    const HttpResult result = daemon.get("/api/metrics/history?name=app");
    rapidjson::Document history;
    history.Parse(result.body.c_str());
    REQUIRE(result.status == 200);
    REQUIRE(history.IsObject());
    return history["history"].Size();
  };
  CHECK(eventually([&] { return samples() > 300; }));
  const auto raw = [&](std::string_view version) {
    RawClient client(daemon.api_port());
    client.send(ask("/api/metrics/history?name=app", "Connection: close\r\n", version));
    return client.read_all();
  };
  CHECK_THAT(raw("1.1"), ContainsSubstring("\r\nTransfer-Encoding: chunked\r\n"));
  const std::string old = raw("1.0");
  CHECK_THAT(old, !ContainsSubstring("chunked"));
  CHECK(old.ends_with("}]}"));
}
