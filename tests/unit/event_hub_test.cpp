#include "daemon/api/event_hub.hpp"

#include "daemon/api/events.hpp"
#include "daemon/api/process_events.hpp"
#include "daemon/api/reload.hpp"
#include "support/manual_clock.hpp"

#include <provisr/registry.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

constexpr std::uint64_t first_id = 1'700'000'001'000'001;  // the microseconds of the ManualClock

/// Returns the next piece of a source.
[[nodiscard]] std::string pull(const HttpSource& source, PullResult expected = PullResult::piece) {
  std::string piece;
  CHECK(source(piece) == expected);
  return piece;
}

[[nodiscard]] std::string shown(std::string_view kind, std::uint64_t id, std::string_view data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", kind, id, data);
}

struct HubWorld {
  explicit HubWorld(EventHub::Limits limits = {}) : hub(limits, clock) {
    add_events_route(router, "/api", hub);
  }

  [[nodiscard]] HttpAnswer ask(const std::string& ticks = "", const std::string& last_id = "") {
    HttpRequest request;
    request.method = "GET";
    request.path = "/api/events";
    if (!ticks.empty()) request.query.add("ticks", ticks);
    if (!last_id.empty()) request.headers.add("Last-Event-ID", last_id);
    return router.answer(request);
  }

  test::ManualClock clock;
  EventHub hub;
  Router router;
  int woken = 0;
  EventHub::Waker waker{hub, [this] { ++woken; }};
};

}  // namespace

TEST_CASE("a listener gets what happens from then on, in order") {
  HubWorld world;
  world.hub.publish("started", "{\"name\":\"before\"}");
  const HttpAnswer answer = world.ask();
  CHECK(answer.status == 200);
  CHECK(answer.content_type == "text/event-stream");
  CHECK_THAT(answer.idle_piece, StartsWith(":"));
  CHECK(pull(answer.source, PullResult::later).empty());
  CHECK(world.woken == 0);
  world.hub.publish("exited", "{\"name\":\"a\"}");
  world.hub.publish("started", "{\"name\":\"a\"}");
  CHECK(world.woken == 2);
  CHECK(pull(answer.source) == shown("exited", first_id + 1, "{\"name\":\"a\"}") +
                                   shown("started", first_id + 2, "{\"name\":\"a\"}"));
  CHECK(pull(answer.source, PullResult::later).empty());
}

TEST_CASE("ticks are for those who ask for them") {
  HubWorld world;
  const HttpAnswer without = world.ask("0");
  CHECK_FALSE(world.hub.wants_ticks());
  HttpAnswer with = world.ask("1");
  CHECK(world.hub.wants_ticks());
  world.hub.publish_tick("{\"tick\":1}");
  world.hub.publish("started", "{}");
  CHECK(pull(without.source) == shown("started", first_id + 1, "{}"));
  CHECK(pull(with.source) ==
        shown("tick", first_id, "{\"tick\":1}") + shown("started", first_id + 1, "{}"));
  with = {};
  world.hub.publish_tick("{\"tick\":2}");
  CHECK(world.woken == 2);
  CHECK(pull(without.source, PullResult::later).empty());
  CHECK(world.ask("2").status == 400);
  CHECK(world.ask("yes").status == 400);
}

TEST_CASE("a listener that comes back gets what it has missed, as far as it is kept") {
  HubWorld world({.events = 3, .ticks = 1, .streams = 64});
  for (int i = 0; i < 5; ++i) world.hub.publish("started", std::to_string(i));
  const auto from = [&](const std::string& last_id) {
    const HttpAnswer answer = world.ask("", last_id);
    std::string piece;
    static_cast<void>(answer.source(piece));
    return piece;
  };
  CHECK(from(std::to_string(first_id + 3)) == shown("started", first_id + 4, "4"));
  CHECK(from(std::to_string(first_id + 4)).empty());
  const std::string kept = shown("started", first_id + 2, "2") +
                           shown("started", first_id + 3, "3") +
                           shown("started", first_id + 4, "4");
  CHECK(from(std::to_string(first_id)) == kept);
  CHECK(from("0") == kept);
  CHECK(from("17") == kept);                 // an ID from an earlier daemon
  CHECK(from("99999999999999999") == kept);  // of one before the clock was set back
  for (const char* const none_of_ours : {"99999999999999999999999", "x", "-1", " 1", "1 ", "0x1"}) {
    CHECK(from(none_of_ours).empty());
  }
}

TEST_CASE("ticks are wanted for a minute longer than somebody listens, and are then kept") {
  HubWorld world;
  CHECK_FALSE(world.hub.wants_ticks());
  HttpAnswer listener = world.ask("1");
  world.clock.advance(std::chrono::hours(1));
  CHECK(world.hub.wants_ticks());
  world.hub.publish_tick("1");
  CHECK(pull(listener.source) == shown("tick", first_id, "1"));
  listener = {};
  world.clock.advance(std::chrono::seconds(59));
  CHECK(world.hub.wants_ticks());
  world.hub.publish_tick("2");
  CHECK(world.woken == 1);
  CHECK(pull(world.ask("1", std::to_string(first_id)).source) == shown("tick", first_id + 1, "2"));
  world.clock.advance(std::chrono::seconds(60));
  CHECK_FALSE(world.hub.wants_ticks());
}

TEST_CASE("a stream ends once it has missed an event, and a missed tick does not matter") {
  HubWorld world({.events = 4, .ticks = 2, .streams = 64});
  const HttpAnswer slow = world.ask("1");
  for (int i = 0; i < 5; ++i) world.hub.publish_tick(std::to_string(i));
  CHECK(pull(slow.source) == shown("tick", first_id + 3, "3") + shown("tick", first_id + 4, "4"));
  for (int i = 0; i < 5; ++i) world.hub.publish("started", std::to_string(i));
  CHECK(pull(slow.source, PullResult::end).empty());
}

TEST_CASE("a listener that is far behind gets its events in pieces") {
  HubWorld world;
  const HttpAnswer answer = world.ask();
  for (int i = 0; i < 1000; ++i) world.hub.publish("started", std::string(100, 'x'));
  std::size_t pieces = 0;
  std::size_t bytes = 0;
  for (std::string piece; answer.source(piece) == PullResult::piece; piece.clear()) {
    CHECK(piece.size() < 30'000);
    bytes += piece.size();
    ++pieces;
  }
  CHECK(pieces == 8);
  CHECK(bytes == 1000 * shown("started", first_id, std::string(100, 'x')).size());
}

TEST_CASE("streams are bounded, and one that is given up makes room") {
  HubWorld world({.events = 4, .ticks = 2, .streams = 2});
  const HttpAnswer first = world.ask();
  HttpAnswer second = world.ask();
  CHECK(world.ask().status == 503);
  second = {};
  CHECK(world.ask().status == 200);
  CHECK(world.ask().status == 200);
}

namespace {

/// A process's events, and a stream that receives them.
struct Told {
  void note(const ProcessStatus& status) { events.note(status); }
  void note_exit(ProcessId pid, const ProcessStatus& status) {
    ExitRecord record;
    record.name = status.name;
    record.pid = pid;
    record.started_at = Timestamp(std::chrono::seconds(1'700'000'000));
    record.ended_at = clock.utc_now();
    record.status = ExitStatus{.code = 3, .signal = 0};
    record.reason = ExitReason::stop;
    events.note_exit(record);
  }

  /// Returns the kinds of the events since the last call. Appends their data to `data`.
  [[nodiscard]] std::vector<std::string> kinds() {
    std::string piece;
    static_cast<void>(source(piece));
    std::vector<std::string> kinds;
    std::istringstream lines(piece);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("event: ")) kinds.push_back(line.substr(7));
      if (line.starts_with("data: ")) data.push_back(line.substr(6));
    }
    return kinds;
  }

  [[nodiscard]] ProcessStatus stopped() const {
    ProcessStatus status;
    status.name = "app";
    status.state = ProcessState::stopped;
    return status;
  }
  [[nodiscard]] ProcessStatus running(ProcessId pid) const {
    ProcessStatus status = stopped();
    status.state = ProcessState::running;
    status.pid = pid;
    status.started = {clock.utc_now(), clock.monotonic_now()};
    return status;
  }

  test::ManualClock clock;
  EventHub hub{{}, clock};
  ProcessEvents events{hub, clock};
  HttpSource source = hub.listen({});
  std::vector<std::string> data;
};

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("a start and an end are told once") {
  Told told;
  told.note(told.stopped());
  CHECK(told.kinds().empty());
  ProcessStatus status = told.running(7);
  told.note(status);
  status.state = ProcessState::stopping;
  told.note(status);
  CHECK(told.kinds() == Kinds{"started"});
  told.clock.advance(std::chrono::seconds(3));
  told.note_exit(7, status);
  told.note(told.stopped());
  told.note(told.stopped());
  CHECK(told.kinds() == Kinds{"exited"});
  CHECK(told.data ==
        std::vector<std::string>{
            R"({"name":"app","kind":"child","state":"running","pid":7,)"
            R"("started_at":"2023-11-14T22:13:21.000Z","uptime_seconds":0.0,"restarts":0,)"
            R"("at":"2023-11-14T22:13:21.000Z"})",
            R"({"name":"app","pid":7,"started_at":"2023-11-14T22:13:20.000Z",)"
            R"("ended_at":"2023-11-14T22:13:24.000Z","code":3,"description":"exit code 3",)"
            R"("core_dumped":false,"reason":"stop","at":"2023-11-14T22:13:24.000Z"})"});
}

TEST_CASE("an end and the start after it may come with one status, and one PID") {
  Told told;
  const ProcessStatus first = told.running(7);
  told.note(first);
  told.clock.advance(std::chrono::seconds(1));
  told.note_exit(7, first);
  told.note(told.running(7));
  CHECK(told.kinds() == Kinds{"started", "exited", "started"});
}

TEST_CASE("a child that is lost without an end is told of, with the reason") {
  Told told;
  told.note(told.running(7));
  ProcessStatus lost = told.stopped();
  lost.last_error = "cannot execute program";
  told.note(lost);
  CHECK(told.kinds() == Kinds{"started", "exited"});
  CHECK_THAT(told.data.back(), ContainsSubstring("\"pid\":7,") &&
                                   ContainsSubstring("\"description\":\"cannot execute program\""));
}

TEST_CASE("the end of somebody else's process may be known later") {
  Told told;
  ProcessStatus status = told.running(7);
  status.kind = ProcessKind::pid_file;
  status.started.reset();
  told.note(status);
  ProcessStatus absent = status;
  absent.pid.reset();
  told.note(absent);
  status.pid = 8;
  told.note(status);
  told.note_exit(7, status);
  CHECK(told.kinds() == Kinds{"started", "started", "exited"});
  told.note_exit(8, status);
  told.note(absent);
  CHECK(told.kinds() == Kinds{"exited"});
}

TEST_CASE("a reload is told of with what changed") {
  Told told;
  ReloadReport report;
  report.processes.started = {"a", "b"};
  report.settings = {"server"};
  publish_reload_event(told.hub, report, told.clock);
  CHECK(told.kinds() == Kinds{"reload"});
  CHECK(told.data.back() ==
        R"({"started":["a","b"],"stopped":[],"restarted":[],"changed":[],"settings":["server"],)"
        R"("at_next_start":[],"at":"2023-11-14T22:13:21.000Z"})");
}

TEST_CASE("a tick is told to those who listen") {
  HubWorld world;
  Registry registry;
  const TickReport report{.tick = 5,
                          .running = 3,
                          .vanished = 1,
                          .duration = std::chrono::milliseconds(2),
                          .schedule = {.lateness = std::chrono::milliseconds(4), .missed = 1}};
  const Snapshot snapshot = registry.snapshot();
  publish_tick_event(world.hub, {snapshot, report});
  const HttpAnswer answer = world.ask("1");
  publish_tick_event(world.hub, {snapshot, report});
  CHECK(pull(answer.source) ==
        shown("tick", first_id,
              R"({"tick":5,"running":3,"vanished":1,"duration_seconds":0.002,)"
              R"("late_seconds":0.004,"missed":1,"at":"1970-01-01T00:00:00.000Z"})"));
}
