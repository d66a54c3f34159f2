// What handles a lack of memory must not need memory itself.
#include "allocation/failing_allocations.hpp"
#include "daemon/api/event_hub.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/base/gzip.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/base/log.hpp"
#include "daemon/base/log_writer.hpp"
#include "daemon/http/server.hpp"
#include "daemon/state/state_writer.hpp"
#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/fake_families.hpp"
#include "support/raw_client.hpp"
#include "support/sanitizers.hpp"
#include "support/temp_directory.hpp"

#include <provisr/clock.hpp>
#include <provisr/detail/process_forest.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <system_error>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using provisr::test::eventually;
using provisr::test::fail_allocations;
using provisr::test::RawClient;

namespace {

using Forest = provisr::detail::ProcessForest<provisr::test::FakeFamilySampler>;

/// A sink that needs no memory.
class CountingSink final : public LogSink {
 public:
  void write(std::string) noexcept override { ++written_; }
  void count_lost() noexcept override { ++lost_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept override { return lost_; }
  [[nodiscard]] int written() const { return written_; }

 private:
  std::atomic<int> written_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
};

const std::string long_text(100, 'x');

[[nodiscard]] std::size_t bytes_in_use() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Calls `work` until it succeeds, with another allocation failing each time. Returns how often it
/// failed.
template <class Work>
int fail_each_allocation(Work&& work) {
  for (int passed = 0;; ++passed) {
    fail_allocations(1, passed);
    try {
      work();
      fail_allocations(0);
      return passed;
    } catch (const std::bad_alloc&) {
    }
  }
}

}  // namespace

TEST_CASE("a record that there is no memory for is counted as lost") {
  CountingSink sink;
  const Log log(LogLevel::info, sink);
  fail_allocations(1);
  log.warn("{}", long_text);
  fail_allocations(1);
  log.write(LogLevel::error, long_text);
  log.debug("{}", long_text);
  CHECK(log.dropped() == 2);
  CHECK(sink.written() == 0);
  log.warn("{}", long_text);
  CHECK(sink.written() == 1);
}

TEST_CASE("a writer of records that has no memory to tell of lost ones tells later") {
  std::mutex mutex;
  std::vector<std::string> lines;
  std::atomic<LogWriter*> itself = nullptr;
  LogWriter writer([&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
    if (lines.size() > 1) return true;
    itself.load()->count_lost();
    fail_allocations(1);
    return true;
  });
  itself = &writer;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return lines.size();
  };
  writer.write("first");
  REQUIRE(eventually([&] { return count() == 1; }));
  writer.write("second");
  REQUIRE(eventually([&] { return count() == 3; }));
  const std::lock_guard lock(mutex);
  CHECK(lines[1].find("log: 1 records were dropped") != std::string::npos);
  CHECK(lines[2] == "second");
}

TEST_CASE("a stream of events that there is no memory for holds up nobody") {
  EventHub hub({.events = 1024, .ticks = 64, .streams = 1}, provisr::Clock::system());
  HttpSource stream;
  CHECK(fail_each_allocation([&] { stream = hub.listen({}); }) > 0);
  REQUIRE(stream);
  CHECK_FALSE(hub.listen({}));
  hub.publish("started", "{}");
  std::string piece;
  CHECK(stream(piece) == PullResult::piece);
  stream = nullptr;
  CHECK(hub.listen({}));
}

TEST_CASE("a place in the queue that there is no memory for holds up nobody") {
  const auto turns = std::make_shared<Turns>();
  std::shared_ptr<Turns::Place> place;
  CHECK(fail_each_allocation([&] { place = Turns::join(turns); }) > 0);
  REQUIRE(place);
  CHECK(place->has_come());
  place.reset();
  CHECK(Turns::join(turns)->has_come());
}

TEST_CASE("a tree loses no member to a lack of memory that another tree has") {
  using provisr::test::FakeFamilies;
  const bool adopts = GENERATE(true, false);
  for (int passed = 0; passed < 30; ++passed) {
    CAPTURE(passed);
    FakeFamilies system;
    provisr::test::FakeFamilyContext context{system};
    Forest forest(context, {});
    system.fork(FakeFamilies::init, 100);
    system.fork(FakeFamilies::init, 200);
    system.fork(FakeFamilies::init, 300);
    std::error_code error;
    auto tree = forest.open(100, error);
    context.begin_tick();
    forest.begin_tick();
    system.fork(100, 101);
    fail_allocations(1, passed);
    try {
      std::uint64_t cpu_time_before = 0;
      if (adopts) {
        static_cast<void>(tree->adopt_orphan(300, cpu_time_before));
      } else {
        static_cast<void>(forest.open(200, error));
      }
    } catch (const std::bad_alloc&) {
    }
    fail_allocations(0);
    context.begin_tick();
    forest.begin_tick();
    provisr::ProcessReading reading;
    REQUIRE(tree->read(reading) == provisr::ReadStatus::ok);
    CHECK(*reading.num_processes >= 2);
  }
}

TEST_CASE("trees within a tree go on if there is no memory as that one is given up") {
  using provisr::test::FakeFamilies;
  for (int passed = 0; passed < 20; ++passed) {
    CAPTURE(passed);
    FakeFamilies system;
    provisr::test::FakeFamilyContext context{system};
    Forest forest(context, {});
    system.fork(FakeFamilies::init, 100);
    for (const provisr::ProcessId child : {101, 102}) {
      system.fork(100, child);
      system.fork(child, child + 100);
    }
    std::error_code error;
    auto outer = forest.open(100, error);
    auto one = forest.open(101, error);
    auto other = forest.open(102, error);
    fail_allocations(1, passed);
    outer.reset();
    fail_allocations(0);
    system.fork(101, 301);
    system.fork(102, 302);
    context.begin_tick();
    forest.begin_tick();
    for (auto* const inner : {&one, &other}) {
      provisr::ProcessReading reading;
      REQUIRE((*inner)->read(reading) == provisr::ReadStatus::ok);
      CHECK(reading.num_processes == 3U);
    }
  }
}

TEST_CASE("a state writer that has no memory to log a failure logs the next one") {
  CountingSink sink;
  const Log log(LogLevel::info, sink);
  StateWriter writer("state_dir /x", log);
  const std::error_code full = std::make_error_code(std::errc::no_space_on_device);
  CHECK(writer.write("a", [&] {
    fail_allocations(1);
    return full;
  }) == StateWriter::Outcome::failed);
  CHECK(writer.write("b", [&] { return full; }) == StateWriter::Outcome::failed);
  CHECK(writer.write("c", [&] { return full; }) == StateWriter::Outcome::failed);
  CHECK(sink.written() == 1);
}

TEST_CASE("a job that there was no memory to post does not keep a later one from its file") {
  CountingSink sink;
  const Log log(LogLevel::info, sink);
  StateWriter writer("state_dir /x", log);
  const std::string key(100, 'k');
  int written = 0;
  const auto write = [&] {
    return writer.write(key, [&written] {
      ++written;
      return std::error_code();
    });
  };
  for (int passed = 0; passed < 10; ++passed) {
    CAPTURE(passed);
    fail_allocations(1, passed);
    try {
      static_cast<void>(write());
    } catch (const std::bad_alloc&) {
    }
    fail_allocations(0);
    const int before = written;
    REQUIRE(write() == StateWriter::Outcome::done);
    CHECK(written == before + 1);
  }
}

TEST_CASE("a server that has no memory to log its lack of memory goes on") {
  CountingSink sink;
  const Log log(LogLevel::info, sink);
  Router router;
  const auto add = [&](std::string path, int failures) {
    router.add({.method = "GET",
                .path = std::move(path),
                .help = {},
                .parameters = {},
                .handler = [=](const HttpRequest&) {
                  fail_allocations(failures);
                  return text_answer(long_text);
                }});
  };
  add("/none", 10);
  add("/enough", 0);
  HttpMonitor monitor;
  const provisr::test::TempDirectory folder;
  const std::string socket = (folder.path() / "a-name-that-needs-memory").string();
  HttpServer server({.address = {.host = "", .port = 0, .path = socket}, .limits = {}}, router,
                    monitor, log);
  server.bind();
  server.start();
  const auto answer_to = [&](const std::string& path) {
    RawClient client = RawClient::to_unix_socket(socket);
    client.send("GET " + path + " HTTP/1.0\r\n\r\n");
    return client.read_all();
  };
  CHECK(answer_to("/none").empty());
  CHECK(eventually([&] { return monitor.dropped(DropReason::internal_error) == 1; }));
  CHECK(log.dropped() > 0);
  CHECK(eventually([&] { return answer_to("/enough").ends_with(long_text); }));
}

TEST_CASE("a JSON text that there is no memory for ends no program") {
  if (provisr::test::is_slowed_down) SKIP("a sanitizer ends a program that lacks memory");
  CHECK(provisr::test::in_own_process([] {
          rlimit limit{};
          ::getrlimit(RLIMIT_AS, &limit);
          limit.rlim_cur = 0;
          ::setrlimit(RLIMIT_AS, &limit);
          JsonText json;
          try {
            json.array([&] {
              for (int i = 0; i < 10'000'000; ++i) json.text("twenty bytes of text");
            });
          } catch (const std::bad_alloc&) {
            return std::string("threw");
          }
          return std::string("wrote it all");
        }) == "threw");
}

TEST_CASE("a text that there is no memory to compress leaves nothing behind") {
  if (!can_gzip()) SKIP("built without zlib");
  const std::size_t before = bytes_in_use();
  for (int i = 0; i < 20; ++i) {
    fail_allocations(1);
    const auto packed = gzip(long_text);
    CHECK_FALSE(packed);
  }
  CHECK(bytes_in_use() < before + 1'000'000);  // a stream takes some 250 KB
  CHECK(gzip(long_text));
}
