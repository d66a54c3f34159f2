#include "daemon/supervisor/watched_process.hpp"

#include "daemon/platform/own_process.hpp"
#include "daemon/platform/process_facts.hpp"
#include "support/fake_supervision.hpp"
#include "support/log_capture.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A pid_file, the live processes, and the tracked PIDs.
struct WatchWorld {
  TempDirectory directory;
  std::filesystem::path pid_file = directory.path() / "nginx.pid";
  std::set<ProcessId> alive;
  std::error_code find_error = std::make_error_code(std::errc::no_such_process);
  std::vector<ProcessId> tracked;
  SampleScope tracked_scope = SampleScope::tree;  ///< of the latest call of `track`
  std::vector<std::string> released;
  bool ends_when_tracked = false;
  int found = 0;
  bool is_hidden = false;
  std::optional<std::uint64_t> start = start_of(own_process_id());  ///< of every process
  bool answers = true;  ///< the file system of the pid_file
  LogCapture log;
  ExitLog exits;
  ProcessServices services{
      .launch = {},
      .find = [this](ProcessId pid, std::error_code& error) { return find(pid, error); },
      .track =
          [this](std::string_view, ProcessId pid, const TrackOptions& options) {
            tracked.push_back(pid);
            tracked_scope = options.scope;
            if (ends_when_tracked) alive.erase(pid);
            return std::error_code();
          },
      .release = [this](std::string_view name) { released.emplace_back(name); },
      .exists = [this](ProcessId) { return is_hidden; },
      .last_samples = [](std::string_view, ProcessId) { return std::vector<ProcessMetrics>(); },
      .exits = &exits,
      .start_of = [this](ProcessId) { return start; },
      .random_fraction = {},
      .look_at_pid_file = [this](const PidFileQuestion& question) { return look(question); },
      .log = &log.log()};
  Moment now{};
  WatchedProcess process{"nginx", pid_file, SampleScope::process, services};

  IsAlive find(ProcessId pid, std::error_code& error) {
    ++found;
    if (!alive.contains(pid)) {
      error = find_error;
      return {};
    }
    return [this, pid] { return alive.contains(pid); };
  }

  std::optional<PidFileAnswer> look(const PidFileQuestion& question) const {
    if (!answers) return std::nullopt;
    return look_at_pid_file(question);
  }

  /// Writes the file with a new modification time, even if the file system's clock is coarse.
  void write(std::string_view text) {
    static constexpr auto step = 1s;
    write_text(pid_file, text);
    written_at += step;
    std::filesystem::last_write_time(pid_file, written_at);
  }
  std::filesystem::file_time_type written_at = std::filesystem::file_time_type::clock::now();

  void poll() {
    process.update(now);
    now.monotonic += 1s;
  }
  const ProcessStatus& status() const { return process.status(); }
};

}  // namespace

TEST_CASE("a pid_file that appears is followed") {
  WatchWorld world;
  world.process.update(world.now);
  CHECK(world.status().state == ProcessState::absent);
  CHECK(world.status().kind == ProcessKind::pid_file);
  CHECK_THAT(world.status().last_error, ContainsSubstring("nginx.pid does not exist"));
  CHECK(world.process.next_deadline() == world.now.monotonic + 1s);

  world.alive = {100};
  world.write("100\n");
  world.poll();
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().pid == 100);
  CHECK(world.status().last_error.empty());
  CHECK(world.tracked == std::vector<ProcessId>{100});
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.tracked.size() == 1);
  CHECK(world.log.count("INFO nginx: watching process 100") == 1);
}

TEST_CASE("a process that ended before an earlier daemon did is not taken for its successor") {
  WatchWorld world;
  world.write("100\n");
  const auto record_of = [](ProcessId pid) {
    return ExitRecord{.name = "nginx", .pid = pid, .ended_at = Timestamp(1h), .status = {}};
  };
  world.exits.restore({record_of(100), record_of(99)}, {});
  world.alive = {100};
  world.now.utc = Timestamp(1h);

  SECTION("the file was written before the end") {
    std::filesystem::last_write_time(world.pid_file, PidFile::Time::clock::now() - 1h);
    for (int i = 0; i < 3; ++i) world.poll();
    CHECK(world.status().state == ProcessState::absent);
    CHECK_THAT(world.status().last_error,
               ContainsSubstring("has ended since the file was written"));
    CHECK(world.log.count("WARN") == 1);
    world.write("100\n");  // by a successor that has got the same PID
    world.poll();
    CHECK(world.status().state == ProcessState::running);
  }
  SECTION("the file was written after the end") {
    world.now.utc += 1h;
    world.poll();
    CHECK(world.status().state == ProcessState::running);
  }
  SECTION("the file names another process") {
    world.alive = {101};
    world.write("101\n");
    std::filesystem::last_write_time(world.pid_file, PidFile::Time::clock::now() - 1h);
    world.poll();
    CHECK(world.status().state == ProcessState::running);
  }
}

TEST_CASE("a process that got its PID while no daemon ran is not taken for the one of before") {
  WatchWorld world;
  world.write("100\n");
  world.services.identify = [](ProcessId pid) {
    return ProcessIdentity{.pid = pid, .start_clock_ticks = 2};
  };
  const ProcessIdentity before{.pid = 100, .start_clock_ticks = 1};
  world.process.take_over({.kind = ProcessKind::pid_file,
                           .starts = 1,
                           .run = RememberedProcess::Run{.identity = before, .started = {}}},
                          world.now);
  world.alive = {100};
  world.now.utc = Clock::system().utc_now();

  SECTION("the file is older than the process") {
    std::filesystem::last_write_time(world.pid_file, PidFile::Time::clock::now() - 24h * 365);
    world.poll();
    CHECK(world.status().state == ProcessState::absent);
  }
  SECTION("the file is younger") {
    world.poll();
    CHECK(world.status().state == ProcessState::running);
  }
}

TEST_CASE("pid_files are looked at once a second, all at the same moments") {
  WatchWorld world;
  WatchedProcess other("other", world.pid_file, SampleScope::process, world.services);
  world.now.monotonic += 1300ms;
  world.process.update(world.now);
  CHECK(world.process.next_deadline() == world.now.monotonic + 700ms);
  world.now.monotonic += 400ms;
  other.update(world.now);
  CHECK(other.next_deadline() == world.process.next_deadline());
  world.now.monotonic = other.next_deadline();
  other.update(world.now);
  CHECK(other.next_deadline() == world.now.monotonic + 1s);
}

TEST_CASE("another PID in the file takes over") {
  WatchWorld world;
  world.alive = {100, 200};
  world.write("100");
  world.poll();
  world.write("200");
  world.poll();
  CHECK(world.status().pid == 200);
  CHECK(world.status().restarts == 1);
  CHECK(world.tracked == std::vector<ProcessId>{100, 200});
}

TEST_CASE("another scope measures the same process, whose restarts stay counted") {
  WatchWorld world;
  world.alive = {100, 200};
  world.write("100");
  world.poll();
  world.write("200");
  world.poll();
  CHECK(world.tracked_scope == SampleScope::process);
  world.process.reconfigure(world.pid_file, SampleScope::tree);
  world.poll();
  CHECK(world.tracked == std::vector<ProcessId>{100, 200, 200});
  CHECK(world.tracked_scope == SampleScope::tree);
  CHECK(world.status().restarts == 1);
  world.process.reconfigure(world.pid_file, SampleScope::tree);
  CHECK(world.tracked.size() == 3);

  SECTION("unless it has ended") {
    world.alive.clear();
    world.process.reconfigure(world.pid_file, SampleScope::process);
    CHECK(world.released == std::vector<std::string>{"nginx"});
    world.poll();
    CHECK(world.status().state == ProcessState::absent);
    CHECK(world.exits.find("nginx").size() == 1);
  }
}

TEST_CASE("another pid_file goes on with the process if it names it, too") {
  WatchWorld world;
  world.alive = {100, 200};
  world.write("100");
  world.poll();
  const std::filesystem::path other = world.directory.path() / "other.pid";

  SECTION("it does") {
    write_text(other, "100\n");
    world.process.reconfigure(other, SampleScope::process);
    world.poll();
    CHECK(world.tracked.size() == 1);
    CHECK(world.status().restarts == 0);
  }
  SECTION("it names another process") {
    write_text(other, "200\n");
    world.process.reconfigure(other, SampleScope::process);
    CHECK(world.status().state == ProcessState::absent);
    world.poll();
    CHECK(world.tracked == std::vector<ProcessId>{100, 200});
    CHECK(world.status().restarts == 1);
  }
  SECTION("it does not exist") {
    world.process.reconfigure(other, SampleScope::process);
    world.poll();
    CHECK(world.status().state == ProcessState::absent);
    CHECK(world.released == std::vector<std::string>{"nginx"});
    CHECK_THAT(world.status().last_error, ContainsSubstring("other.pid"));
  }
  SECTION("the earlier file counts no more") {
    write_text(other, "100\n");
    world.process.reconfigure(other, SampleScope::process);
    world.poll();
    world.write("200");
    world.poll();
    CHECK(world.status().pid == 100);
  }
}

TEST_CASE("a process that ends is absent until the file is written again") {
  WatchWorld world;
  world.alive = {100};
  world.write("100");
  world.poll();
  world.alive.clear();
  world.poll();
  CHECK(world.status().state == ProcessState::absent);
  CHECK_FALSE(world.status().pid);
  CHECK(world.log.count("INFO nginx: process 100 has ended") == 1);

  world.alive = {100};  // the PID was reused
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.status().state == ProcessState::absent);
  CHECK(world.tracked.size() == 1);

  world.write("100");  // the service again, with the same PID, as in a container
  world.poll();
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.tracked == std::vector<ProcessId>{100, 100});
}

TEST_CASE("a process that ended and was replaced between two looks is changed at once") {
  WatchWorld world;
  world.alive = {100};
  world.write("100");
  world.poll();
  world.alive = {200};
  world.write("200");
  world.poll();
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().pid == 200);
}

TEST_CASE("a file written again with the same PID changes nothing while the process runs") {
  WatchWorld world;
  world.alive = {100};
  world.write("100");
  world.poll();
  world.write("100");
  world.poll();
  CHECK(world.tracked.size() == 1);
  CHECK(world.status().restarts == 0);
}

TEST_CASE("whatever becomes of the file, a living process stays watched") {
  WatchWorld world;
  world.alive = {100};
  world.write("100");
  world.poll();

  SECTION("removed") {
    std::filesystem::remove(world.pid_file);
  }
  SECTION("rubbish") {
    world.write("rubbish");
  }
  SECTION("a PID of nobody") {
    world.write("999");
  }

  world.poll();
  CHECK(world.status().state == ProcessState::running);
  CHECK(world.status().pid == 100);
  CHECK_FALSE(world.status().last_error.empty());
  world.alive.clear();
  world.poll();
  CHECK(world.status().state == ProcessState::absent);
}

TEST_CASE("a bad pid_file is one line until its state changes") {
  WatchWorld world;
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.log.count("WARN nginx: pid_file") == 1);
  for (int i = 0; i < 3; ++i) {
    world.write("rubbish " + std::to_string(i));
    world.poll();
  }
  CHECK(world.log.count("nginx.pid holds no PID") == 1);
  std::filesystem::remove(world.pid_file);
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.log.count("nginx.pid does not exist") == 2);
  CHECK(world.log.count("WARN") == 3);
}

TEST_CASE("a PID of nobody is looked up once, for it could be given to anybody later") {
  WatchWorld world;
  world.write("100");
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.found == 1);
  CHECK(world.log.count("WARN nginx: process 100 of pid_file") == 1);
  world.alive = {100};
  world.poll();
  CHECK(world.status().state == ProcessState::absent);
}

TEST_CASE("a process that may not be looked at is tried again, and told of once") {
  WatchWorld world;
  world.find_error = std::make_error_code(std::errc::permission_denied);
  world.write("100");
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.found == 3);
  CHECK(world.log.count("WARN") == 1);
  world.alive = {100};
  world.poll();
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a stop neither touches the process nor waits for it") {
  WatchWorld world;
  world.alive = {100};
  world.write("100");
  world.poll();
  world.process.shut_down(world.now);
  CHECK(world.process.ended());
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("a process that exists but is not shown is said to be hidden and is looked for again") {
  WatchWorld world;
  world.is_hidden = true;
  world.write("100\n");
  world.poll();
  CHECK_THAT(world.status().last_error, ContainsSubstring("hidden from provisrd"));
  CHECK_THAT(world.status().last_error, ContainsSubstring("hidepid"));
  world.alive = {100};
  world.poll();
  CHECK(world.status().state == ProcessState::running);
}

TEST_CASE("the start of a watched process stands as it was found, whatever becomes of the clock") {
  WatchWorld world;
  world.now = {Clock::system().monotonic_now(), Clock::system().utc_now()};
  world.alive = {100};
  world.write("100");
  world.poll();
  const auto started = world.status().started;
  REQUIRE(started);
  CHECK(started->at <= world.now.utc);
  CHECK(started->at > world.now.utc - 24h);
  CHECK(world.now.utc - started->at == world.now.monotonic - 1s - started->monotonic);

  world.now.utc += 24h * 365;
  world.poll();
  CHECK(world.status().started == started);
  world.alive.clear();
  world.poll();
  CHECK_FALSE(world.status().started);
  for (int i = 0; i < 5; ++i) world.poll();
  const auto ends = world.exits.find("nginx");
  REQUIRE(ends.size() == 1);
  CHECK(ends.front()->started_at == started->at);
}

TEST_CASE("the start of a process that an earlier daemon has watched is what that one said") {
  FakeMemory memory;
  std::optional<ProcessStatus::Started> started;
  const auto watch = [&](Timestamp utc, ProcessId pid) {
    WatchWorld world;
    world.now = {Clock::system().monotonic_now(), utc};
    world.services.memory = &memory;
    world.services.identify = [](ProcessId process) { return std::optional(identity(process)); };
    if (const auto before = memory.recall("nginx")) world.process.take_over(*before, world.now);
    world.alive = {pid};
    world.write(std::to_string(pid));
    world.poll();
    return world.status().started;
  };
  const Timestamp now = Clock::system().utc_now();
  started = watch(now, 100);
  REQUIRE(started);
  CHECK(watch(now + 24h, 100) == started);
  CHECK(watch(now + 24h, 200) != started);
}

TEST_CASE("a start that the system does not tell is absent") {
  WatchWorld world;
  world.start.reset();
  world.alive = {100};
  world.write("100");
  world.poll();
  CHECK(world.status().pid == 100);
  CHECK_FALSE(world.status().started);
}

TEST_CASE("a process that ends while it is taken up may have been measured by another's PID") {
  WatchWorld world;
  world.ends_when_tracked = true;
  world.alive = {100};
  world.write("100");
  world.poll();
  CHECK(world.tracked == std::vector<ProcessId>{100});
  CHECK(world.released == std::vector<std::string>{"nginx"});
  CHECK_FALSE(world.status().started);
  world.poll();
  CHECK(world.status().state == ProcessState::absent);
}

TEST_CASE("a pid_file whose file system does not answer leaves its process watched") {
  WatchWorld world;
  world.alive = {100};
  world.write("100\n");
  world.poll();
  REQUIRE(world.status().pid == 100);

  world.answers = false;
  for (int i = 0; i < 3; ++i) world.poll();
  CHECK(world.status().state == ProcessState::running);
  CHECK_THAT(world.status().last_error,
             ContainsSubstring("nginx.pid cannot be read: its file system does not answer"));
  CHECK(world.log.count("its file system does not answer") == 1);

  world.answers = true;
  world.poll();
  CHECK(world.status().last_error.empty());
  CHECK(world.log.count("its file system answers again") == 1);
  CHECK(world.tracked.size() == 1);
}

TEST_CASE("a file system that answers again brings back the problem that was known before") {
  WatchWorld world;
  world.poll();
  const std::string before = world.status().last_error;
  REQUIRE_THAT(before, ContainsSubstring("does not exist"));
  world.answers = false;
  world.poll();
  CHECK(world.status().last_error != before);
  world.answers = true;
  world.poll();
  CHECK(world.status().last_error == before);
}

TEST_CASE("another pid_file whose file system does not answer is followed once it does") {
  WatchWorld world;
  world.alive = {100, 200};
  world.write("100\n");
  world.poll();
  world.answers = false;
  const std::filesystem::path other = world.directory.path() / "other.pid";
  write_text(other, "200\n");
  world.process.reconfigure(other, SampleScope::process);
  world.poll();
  CHECK_FALSE(world.status().pid == 100);
  world.answers = true;
  world.poll();
  CHECK(world.status().pid == 200);
}
