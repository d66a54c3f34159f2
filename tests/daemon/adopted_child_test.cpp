#include "daemon/platform/adopted_child.hpp"

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/process_identity.hpp"
#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/send_signal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace provisr::daemon;
using namespace provisr::test;

TEST_CASE(
    "the start of a child that has not executed its program is pending when it is taken over") {
  if (!obstacle_to_adoption().empty()) SKIP("this system has no descriptors of processes");
  const provisr::test::Pipe go_on;
  Child child = fork_child([&] {
    char word = 0;
    if (::read(go_on.reader(), &word, sizeof word) == 1) {
      ::execl(child_path().c_str(), child_path().c_str(), "threader", "1", nullptr);
    }
  });
  const auto identity = identity_of(child.pid());
  REQUIRE(identity);
  const auto adopted = adopt_child(*identity, "");
  REQUIRE(adopted);
  StartFailure failure;
  CHECK(adopted->execution(failure) == Execution::pending);

  SECTION("it is done once the program is executed") {
    REQUIRE(::write(go_on.writer(), "!", 1) == 1);
    CHECK(eventually([&] { return adopted->execution(failure) == Execution::done; }));
  }
  SECTION("it has failed if the child ends before") {
    send_signal(child.pid(), SIGKILL);
    CHECK(eventually([&] { return adopted->execution(failure) == Execution::failed; }));
    CHECK(failure.what == "an earlier provisrd ended during this start");
  }
}

TEST_CASE("a child that ended before it was let execute its program is not taken over") {
  if (!obstacle_to_adoption().empty()) SKIP("this system has no descriptors of processes");
  StartFailure failure;
  auto child = ChildProcess::start(
      {.argv = {child_path()}, .work_dir = {}, .env = {}, .outlives_daemon = true}, failure);
  REQUIRE(child);
  const auto identity = identity_of(child->pid());
  REQUIRE(identity);
  child.reset();  // without release(), as if the daemon had ended
  const auto pid = static_cast<id_t>(identity->pid);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
  CHECK(adopt_child(*identity, "") == nullptr);
  ::waitid(P_PID, pid, &info, WEXITED);
}

TEST_CASE("a child that has executed its program is taken over") {
  if (!obstacle_to_adoption().empty()) SKIP("this system has no descriptors of processes");
  const ChildProgram child{"threader", "1"};
  const auto identity = identity_of(child.pid());
  REQUIRE(identity);
  CHECK(adopt_child(*identity, "") != nullptr);
}

TEST_CASE("what a process left running is found by the launch id in its environment") {
  StartFailure failure;
  const std::string launch_id = fmt::format("test-{}", ::getpid());
  const auto child = ChildProcess::start(
      {.argv = {child_path(), "stubborn"}, .launch_id = launch_id, .work_dir = {}, .env = {}},
      failure);
  REQUIRE(child);
  REQUIRE(eventually([&] { return child->execution(failure) == Execution::done; }));
  auto leader = identity_of(child->pid());
  REQUIRE(leader);
  leader->pid = 2'000'000'000;  // gone
  CHECK(adopt_leftovers(*leader, launch_id + "0") == nullptr);
  const auto leftovers = adopt_leftovers(*leader, launch_id);
  REQUIRE(leftovers);
  CHECK(leftovers->has_ended());
  leftovers->kill_group();
  REQUIRE(eventually([&] { return child->has_ended(); }));
  CHECK(child->collect_exit()->signal == SIGKILL);
  CHECK_FALSE(leftovers->group_alive());

  leader->boot.front() ^= 1;
  CHECK(adopt_leftovers(*leader, launch_id) == nullptr);
}
