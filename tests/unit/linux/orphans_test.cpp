#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/linux/environments.hpp"
#include "support/child_program.hpp"
#include "support/no_threads.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

/// A child of this program with only this entry in its environment.
[[nodiscard]] Child start_sleeper(std::string entry) {
  return fork_child([&] {
    std::array<char*, 2> environment{entry.data(), nullptr};
    ::execle("/bin/sleep", "sleep", "1000", nullptr, environment.data());
  });
}

[[nodiscard]] bool is_zombie(const Child& child) {
  siginfo_t info{};
  const auto pid = static_cast<id_t>(child.pid());
  return ::waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid != 0;
}

}  // namespace

TEST_CASE("a reader of environments that lacks a thread says so") {
  if (!can_lack_threads) SKIP("needs glibc");
  Environments reader([](pid_t) { return std::string("text"); }, 10s, 8);
  {
    const NoThreads none;
    CHECK(reader.of(1).empty());
    CHECK(reader.lacks_thread());
    CHECK(reader.of(std::vector<pid_t>()).empty());
    CHECK_FALSE(reader.lacks_thread());
  }
  CHECK(reader.of(1) == "text");
  CHECK_FALSE(reader.lacks_thread());
}

TEST_CASE("orphans that could not be searched are not forgotten") {
  const Child orphan = start_sleeper("A=1");
  OrphanSearch next{.is_complete = false};
  OrphanDesk desk([&] { return next; });
  CHECK(desk.to_signal({SIGTERM}).empty());
  CHECK_FALSE(desk.owes_kill());
  CHECK(desk.to_signal({SIGKILL}).empty());
  CHECK(desk.owes_kill());
  CHECK(desk.may_exist());
  CHECK_FALSE(is_zombie(orphan));
  next = {.found = {static_cast<pid_t>(orphan.pid())}};
  CHECK(desk.may_exist());
  CHECK_FALSE(desk.owes_kill());
  CHECK(eventually([&] { return is_zombie(orphan); }));
  next = {};
  CHECK_FALSE(desk.may_exist());
}

TEST_CASE("an orphan counts until it has ended, even if its environment is gone") {
  const Child orphan = start_sleeper("A=1");
  OrphanSearch next{.found = {static_cast<pid_t>(orphan.pid())}};
  OrphanDesk desk([&] { return next; });
  CHECK(desk.to_signal({}) == next.found);
  const std::vector<pid_t> expected = std::exchange(next, {}).found;
  CHECK(desk.may_exist());
  CHECK(desk.to_signal({}) == expected);
  signal_orphan(expected.front(), SIGKILL);
  CHECK(eventually([&] { return is_zombie(orphan); }));
  CHECK_FALSE(desk.may_exist());
  CHECK(desk.to_signal({}).empty());
}

TEST_CASE("what becomes an orphan during a stop is asked to end, once") {
  const Child first = start_sleeper("A=1");
  const Child second = start_sleeper("A=2");
  OrphanSearch next;
  OrphanDesk desk([&] { return next; });
  CHECK(desk.to_signal({SIGTERM, SIGCONT}).empty());
  next = {.found = {static_cast<pid_t>(first.pid())}};
  CHECK(desk.may_exist());
  CHECK(eventually([&] { return is_zombie(first); }));
  next = {.found = {static_cast<pid_t>(second.pid())}};
  CHECK(desk.to_signal({SIGTERM, SIGCONT}) == next.found);  // by the caller
  CHECK_FALSE(is_zombie(second));
}

TEST_CASE("a process that is ending may be an orphan, but not for ever") {
  OrphanDesk desk([] { return OrphanSearch{.has_unknown = true}; });
  int looks = 0;
  while (looks < 1000 && desk.may_exist()) ++looks;
  CHECK(looks == 100);
}

TEST_CASE("orphans that were to be killed, but were not found, are killed by a later search") {
  const std::string mark = "PROVISR_LAUNCH=orphans-test";
  const Child other = start_sleeper(mark + "-other");
  const Child orphan = start_sleeper(mark);
  const auto search = [&] { return search_orphans(::getpid(), mark + "-other", {}); };
  REQUIRE(
      eventually([&] { return search().found == std::vector{static_cast<pid_t>(other.pid())}; }));
  CHECK(eventually([&] {
    kill_orphans_later(::getpid(), mark);  // again: it may not have executed `sleep` yet
    static_cast<void>(search());
    return is_zombie(orphan);
  }));
  CHECK_FALSE(is_zombie(other));
}

TEST_CASE("a search of orphans that lacks a thread is not complete") {
  if (!can_lack_threads) SKIP("needs glibc");
  CHECK(in_own_process([] {
          // A test before this one may have started a reader, which is lost here with the first
          // child.
          const Child child = start_sleeper("A=1");
          const Child another = start_sleeper("A=1");
          const auto is_complete = [](const std::unordered_set<pid_t>& started) {
            return search_orphans(::getpid(), "PROVISR_LAUNCH=orphans-test", started).is_complete;
          };
          const NoThreads none;
          const bool without_candidates =
              is_complete({static_cast<pid_t>(child.pid()), static_cast<pid_t>(another.pid())});
          return std::string(is_complete({}) ? "complete" : "not complete") +
                 (without_candidates ? ", but without candidates" : "");
        }) == "not complete, but without candidates");
}
