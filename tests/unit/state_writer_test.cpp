#include "daemon/state/state_writer.hpp"

#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using WriteOutcome = StateWriter::Outcome;

namespace {

/// A record of the jobs that have run, in order.
class Done {
 public:
  [[nodiscard]] StateWriter::Job job(std::string text, std::error_code result = {}) {
    return [this, text = std::move(text), result] {
      const std::lock_guard lock(mutex_);
      texts_.push_back(text);
      return result;
    };
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

/// A disk that hangs until answer().
class HungDisk {
 public:
  [[nodiscard]] StateWriter::Job job() const {
    return [answer = answer_]() -> std::error_code {
      answer.wait();
      return {};
    };
  }
  void answer() { promise_.set_value(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> answer_ = promise_.get_future().share();
};

constexpr StateWriter::Patience no_patience{.of_write = 0ms, .of_end = 60s};

}  // namespace

TEST_CASE("a state writer does its jobs in order, and tells how each ended") {
  const LogCapture log;
  Done done;
  StateWriter writer("state_dir /x", log.log());
  writer.post("a", done.job("first"));
  CHECK(writer.write("b", done.job("second")) == WriteOutcome::done);
  const auto full = std::make_error_code(std::errc::no_space_on_device);
  CHECK(writer.write("a", done.job("third", full)) == WriteOutcome::failed);
  CHECK(writer.write("a", done.job("fourth", full)) == WriteOutcome::failed);
  CHECK(writer.write("c", []() -> std::error_code { throw std::bad_alloc(); }) ==
        WriteOutcome::failed);
  CHECK(done.texts() == std::vector<std::string>{"first", "second", "third", "fourth"});
  CHECK(log.count("ERROR state_dir /x cannot be written: " + full.message()) == 1);
}

TEST_CASE("nobody waits for a disk that does not answer but the first, and no job is lost") {
  const LogCapture log;
  Done done;
  HungDisk disk;
  StateWriter writer("state_dir /x", log.log(), no_patience);
  CHECK(writer.write("hung", disk.job()) == WriteOutcome::pending);
  CHECK(writer.is_stalled());
  for (int i = 0; i < 1000; ++i) {
    CHECK(writer.write("name", done.job("version " + std::to_string(i))) == WriteOutcome::pending);
  }
  writer.post("other", done.job("other"));
  CHECK(done.texts().empty());
  disk.answer();
  REQUIRE(eventually([&] { return !writer.is_stalled(); }));
  CHECK(done.texts() == std::vector<std::string>{"version 999", "other"});
  CHECK(log.count("ERROR state_dir /x does not answer") == 1);
  CHECK(log.count("INFO state_dir /x answers again") == 1);
}

TEST_CASE("a job that replaces another runs after the jobs posted before it") {
  const LogCapture log;
  Done done;
  HungDisk disk;
  StateWriter writer("state_dir /x", log.log(), no_patience);
  CHECK(writer.write("hung", disk.job()) == WriteOutcome::pending);
  writer.post("count", done.job("first count"));
  writer.post("record", done.job("record"));
  writer.post("count", done.job("second count"));
  disk.answer();
  REQUIRE(eventually([&] { return !writer.is_stalled(); }));
  CHECK(done.texts() == std::vector<std::string>{"record", "second count"});
}

TEST_CASE("a long job that shows progress is waited for, and the jobs behind it are not lost") {
  const LogCapture log;
  Done done;
  ManualClock clock;
  StateWriter writer("state_dir /x", log.log(), {.of_write = 20ms, .of_long_write = 10s}, {},
                     clock);
  writer.post("long", [&]() -> std::error_code {
    for (int i = 0; i < 50; ++i) {
      clock.advance(15ms);
      StateWriter::report_progress();
      std::this_thread::sleep_for(1ms);  // the one who waits looks at the clock meanwhile
    }
    return done.job("long")();
  });
  CHECK(writer.write("next", done.job("next")) == WriteOutcome::done);
  CHECK(done.texts() == std::vector<std::string>{"long", "next"});
  CHECK(log.lines().empty());
}

TEST_CASE("a job that shows no progress is not waited for") {
  const LogCapture log;
  ManualClock clock;
  std::atomic<bool> has_ended = false;
  StateWriter writer("state_dir /x", log.log(), {.of_write = 20ms, .of_long_write = 10s}, {},
                     clock);
  CHECK(writer.write("hung", [&]() -> std::error_code {
    while (!has_ended) {
      clock.advance(1ms);
      std::this_thread::yield();
    }
    return {};
  }) == WriteOutcome::pending);
  CHECK(writer.is_stalled());
  clock.advance(1s);
  CHECK(writer.silence() >= 1s);
  has_ended = true;
}

TEST_CASE("a job that shows progress for ever is not") {
  const LogCapture log;
  ManualClock clock;
  std::atomic<bool> has_ended = false;
  {
    StateWriter writer("state_dir /x", log.log(), {.of_write = 20ms, .of_long_write = 100ms}, {},
                       clock);
    CHECK(writer.write("long", [&]() -> std::error_code {
      while (!has_ended) {
        clock.advance(1ms);
        StateWriter::report_progress();
        std::this_thread::yield();
      }
      return {};
    }) == WriteOutcome::pending);
    CHECK(writer.is_stalled());
    has_ended = true;
  }
  StateWriter::report_progress();  // on any other thread: nothing
}

TEST_CASE("whoever waits for a job that is replaced waits for the one in its place") {
  const LogCapture log;
  Done done;
  HungDisk disk;
  StateWriter writer("state_dir /x", log.log());
  writer.post("hung", disk.job());
  const auto ticket = writer.post("name", done.job("old"));
  writer.post("name", done.job("new"));
  disk.answer();
  CHECK(writer.wait(ticket) == WriteOutcome::done);
  CHECK(done.texts() == std::vector<std::string>{"new"});
}

TEST_CASE("a writer does what is left before it ends, and ends without a disk that hangs") {
  const LogCapture log;
  Done done;
  {
    StateWriter writer("state_dir /x", log.log());
    for (int i = 0; i < 10; ++i) writer.post(std::to_string(i), done.job("job"));
  }
  CHECK(done.texts().size() == 10);

  HungDisk disk;
  const auto has_ended = std::make_shared<std::atomic<bool>>(false);
  {
    StateWriter writer("state_dir /x", log.log(), {.of_write = 0ms, .of_end = 0ms});
    writer.post("hung", disk.job());
    writer.post("next", [has_ended]() -> std::error_code {
      *has_ended = true;
      return std::make_error_code(std::errc::io_error);
    });
  }
  CHECK_FALSE(*has_ended);
  disk.answer();
  CHECK(eventually([&] { return has_ended->load(); }));
  CHECK(log.lines().empty());
}

TEST_CASE("a chore is done once it is asked for, part by part, and jobs go first") {
  const LogCapture log;
  Done done;
  std::atomic<int> parts = 0;
  HungDisk disk;
  {
    StateWriter writer("state_dir /x", log.log(), [&] {
      static_cast<void>(done.job("part")());
      return ++parts % 3 != 0;
    });
    writer.post("hung", disk.job());
    writer.wake();
    writer.wake();
    writer.post("job", done.job("job"));
    disk.answer();
    REQUIRE(eventually([&] { return parts == 3; }));
    CHECK(done.texts() == std::vector<std::string>{"job", "part", "part", "part"});
  }
  CHECK(parts == 6);  // the chore runs once more at the end
}

TEST_CASE("a chore that hangs is told of by who asks for the next one, and nobody waits") {
  const LogCapture log;
  HungDisk disk;
  std::atomic<bool> has_begun = false;
  StateWriter writer("state_dir /x", log.log(), no_patience, [&has_begun, job = disk.job()] {
    has_begun = true;
    static_cast<void>(job());
    return false;
  });
  CHECK_FALSE(writer.silence());
  writer.wake();
  REQUIRE(eventually([&] { return has_begun.load(); }));
  REQUIRE(eventually([&] {
    writer.wake();
    return writer.is_stalled();
  }));
  CHECK(writer.silence());
  CHECK(log.count("ERROR state_dir /x does not answer") == 1);
  disk.answer();
  REQUIRE(eventually([&] { return !writer.is_stalled(); }));
  CHECK_FALSE(writer.silence());
  CHECK(log.count("INFO state_dir /x answers again") == 1);
}

TEST_CASE("without memory a chore waits until it is asked for again") {
  const LogCapture log;
  std::atomic<int> times = 0;
  StateWriter writer("state_dir /x", log.log(), [&]() -> bool {
    ++times;
    throw std::bad_alloc();
  });
  for (int i = 1; i <= 3; ++i) {
    writer.wake();
    REQUIRE(eventually([&] { return times == i; }));
  }
}
