#include "daemon/platform/adopted_child.hpp"

#include "daemon/platform/process_identity.hpp"
#include "support/child_program.hpp"

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

TEST_CASE("a child that has executed its program is taken over") {
  if (!can_adopt_children()) SKIP("this system has no descriptors of processes");
  const ChildProgram child{"threader", "1"};
  const auto identity = identity_of(child.pid());
  REQUIRE(identity);
  CHECK(adopt_child(*identity) != nullptr);
}
