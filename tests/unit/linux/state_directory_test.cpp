#include "daemon/state/state_directory.hpp"

#include "support/failing_call.hpp"
#include "support/log_capture.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

[[nodiscard]] ExitRecord end_of(std::string name, ExitStatus status) {
  return {.name = std::move(name), .pid = 7, .ended_at = Timestamp(1s), .status = status};
}

void append_exit(const fs::path& file, std::uint64_t number, const ExitRecord& record) {
  std::string problem;
  bool is_external = false;
  auto slots = SlotFile::open(file, ExitStore::format(), problem, is_external);
  auto samples =
      SlotFile::open(file.string() + "-samples", ExitStore::samples_format(), problem, is_external);
  REQUIRE((slots && samples));
  std::size_t torn = 0;
  ExitStore store(std::move(slots), std::move(samples), ExitLog::default_capacity, torn);
  REQUIRE_FALSE(store.add(number, record));
}

}  // namespace

TEST_CASE("what is counted under a name goes on in the next daemon") {
  const TempDirectory folder;
  const LogCapture log;
  {
    StateDirectory state(folder.path(), log.log());
    state.add_exit(end_of("app", {.code = 0}));
    state.add_exit(end_of("app", {.code = 3}));
    state.add_exit(end_of("app", {.signal = 9}));
    state.add_exit(end_of("other", {.signal = 9}));
    state.add_exit({.name = "app"});
    state.add_breach("app", LimitFigure::memory);
    state.add_breach("app", LimitFigure::memory);
    state.add_breach("app", LimitFigure::cpu);
  }
  for (int start = 0; start < 2; ++start) {
    StateDirectory state(folder.path(), log.log());
    const ExitLog::Counts counts = state.exit_counts();
    CHECK(counts.at("app") == ExitCounts{.success = 1, .exit_code = 1, .signal = 1});
    CHECK(counts.at("other") == ExitCounts{.signal = 1});
    CHECK(state.breaches_of("app") == BreachCounts{.memory = 2, .cpu = 1});
    CHECK(state.take_exits().size() == 5);
  }
  CHECK(log.lines().empty());
}

TEST_CASE("an end that a killed daemon had recorded, but not counted, is counted once") {
  const TempDirectory folder;
  const LogCapture log;
  {
    StateDirectory state(folder.path(), log.log());
    state.add_exit(end_of("app", {.signal = 9}));
  }
  append_exit(folder.path() / "exits", 2, end_of("app", {.signal = 9}));
  append_exit(folder.path() / "exits", 3, end_of("never-heard-of", {.signal = 9}));
  for (std::uint64_t start = 0; start < 3; ++start) {
    StateDirectory state(folder.path(), log.log());
    CHECK(state.exit_counts().at("app").signal == 2 + start);
    CHECK_FALSE(state.exit_counts().contains("never-heard-of"));
    state.add_exit(end_of("app", {.signal = 9}));
  }
}

TEST_CASE("a state folder has one user, even if its lock file was removed") {
  const TempDirectory folder;
  const LogCapture log;
  {
    const StateDirectory first(folder.path(), log.log());
    CHECK_THROWS_WITH(StateDirectory(folder.path(), log.log()),
                      ContainsSubstring("is in use by another provisrd"));
    REQUIRE(fs::remove(folder.path() / "lock"));
    CHECK_THROWS_WITH(StateDirectory(folder.path(), log.log()),
                      ContainsSubstring("is in use by another provisrd"));
  }
  CHECK_NOTHROW(StateDirectory(folder.path(), log.log()));
}

TEST_CASE("a state folder that cannot be locked is refused at once, with the reason") {
  const TempDirectory folder;
  const LogCapture log;
  const auto refusal = with_failing_call(SYS_flock, ENOLCK, [&] {
    try {
      const StateDirectory state(folder.path(), log.log());
    } catch (const std::runtime_error& failure) {
      return std::string(failure.what());
    }
    return std::string();
  });
  if (!refusal) SKIP("this system has no seccomp filters");
  CHECK_THAT(*refusal, ContainsSubstring("cannot be locked: No locks available"));
}

TEST_CASE("what was counted under a name that was forgotten does not come back") {
  const TempDirectory folder;
  const LogCapture log;
  {
    StateDirectory state(folder.path(), log.log());
    REQUIRE(state.remember("app", {.starts = 1, .run = {}}));
    state.add_exit(end_of("app", {.signal = 9}));
    state.forget("app");
    CHECK(state.names().empty());
    REQUIRE(state.remember("app", {.starts = 2, .run = {}}));
  }
  const StateDirectory state(folder.path(), log.log());
  CHECK(state.recall("app")->starts == 2);
  CHECK(state.exit_counts().at("app") == ExitCounts{});
}

TEST_CASE("a name that was merely counted is among those that can be forgotten") {
  const TempDirectory folder;
  const LogCapture log;
  {
    StateDirectory state(folder.path(), log.log());
    state.add_exit(end_of("watched", {.signal = 9}));
  }
  {
    StateDirectory state(folder.path(), log.log());
    REQUIRE(state.names() == std::vector<std::string>{"watched"});
    CHECK(state.recall("watched") == RememberedProcess{});
    state.forget("watched");
  }
  const StateDirectory state(folder.path(), log.log());
  CHECK(state.names().empty());
}
