#include "daemon/platform/adopted_child.hpp"

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/process_identity.hpp"
#include "support/child_program.hpp"
#include "support/paths.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace provisr::daemon;
using namespace provisr::test;

TEST_CASE("a child that was forked, and then not let execute its program, is not taken over") {
  if (!can_adopt_children()) SKIP("this system has no descriptors of processes");
  const Child child = fork_child([] { ::pause(); });
  const auto identity = identity_of(child.pid());
  REQUIRE(identity);
  CHECK(adopt_child(*identity) == nullptr);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_status == SIGKILL);
}

TEST_CASE("a child that ended before it was let execute its program is not taken over") {
  if (!can_adopt_children()) SKIP("this system has no descriptors of processes");
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
  CHECK(adopt_child(*identity) == nullptr);
  ::waitid(P_PID, pid, &info, WEXITED);
}

TEST_CASE("a child that has executed its program is taken over") {
  if (!can_adopt_children()) SKIP("this system has no descriptors of processes");
  const ChildProgram child{"threader", "1"};
  const auto identity = identity_of(child.pid());
  REQUIRE(identity);
  CHECK(adopt_child(*identity) != nullptr);
}
