// The facts of real processes in states that fixtures cannot show.
#include "daemon/platform/process_facts.hpp"

#include "daemon/platform/posix/user_names.hpp"
#include "daemon/platform/process_exists.hpp"
#include "support/child_program.hpp"
#include "support/descriptor_limit.hpp"
#include "support/eventually.hpp"
#include "support/running_thread.hpp"
#include "support/sanitizers.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;

namespace {

constexpr FactSet all_facts{.unit = true, .cgroup = true, .exe = true, .args = true, .user = true};

}  // namespace

TEST_CASE("a process whose first thread has ended is what it was", "[live][match]") {
  const Child child = fork_child([&] {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // ends only this thread
  });
  const auto has_leader = [&] {
    const std::string stat = read_text("/proc/" + std::to_string(child.pid()) + "/stat");
    const std::size_t end = stat.rfind(')');
    return end == std::string::npos || stat.at(end + 2) != 'Z';
  };
  REQUIRE(eventually([&] { return !has_leader(); }));
  FactReader reader;
  const auto own = reader.read(::getpid(), all_facts);
  REQUIRE(own);
  const auto facts = reader.read(child.pid(), all_facts);
  REQUIRE(facts);
  CHECK(facts->args == own->args);
  CHECK(facts->exe == own->exe);
  CHECK(facts->user == own->user);
  CHECK(facts->cgroup == own->cgroup);
  CHECK(facts->parent == ::getpid());
  CHECK(start_of(child.pid()) == facts->key.started_at);
  CHECK(process_exists(child.pid()));
}

TEST_CASE("the id of a thread is no process", "[live][match]") {
  const RunningThread thread;
  CHECK(::kill(thread.id(), 0) == 0);
  CHECK_FALSE(process_exists(thread.id()));
}

TEST_CASE("a process that has ended is nothing any more before it was waited for",
          "[live][match]") {
  const Child child = fork_child([] {});
  child.wait_for_zombie();
  CHECK_FALSE(FactReader().read(child.pid(), all_facts));
  CHECK_FALSE(start_of(child.pid()));
  CHECK(::kill(child.pid(), 0) == 0);
  CHECK_FALSE(process_exists(child.pid()));
}

TEST_CASE("what cannot be read for lack of descriptors is told apart from what is not there",
          "[live][match]") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  FactReader reader;
  const auto own = reader.read(::getpid(), all_facts);
  REQUIRE(own);
  REQUIRE_FALSE(reader.was_short());
  const auto ancestors = reader.ancestors_of(*own);
  REQUIRE_FALSE(reader.was_short());
  int readable = 0;
  for (int free_count = 0; free_count < 6; ++free_count) {
    CAPTURE(free_count);
    reader.begin_round();
    const DescriptorLimit limit(free_count);
    const auto facts = reader.read(::getpid(), all_facts);
    const auto found = facts ? reader.ancestors_of(*facts) : std::vector<ProcessKey>();
    if (reader.was_short()) continue;
    ++readable;
    REQUIRE(facts);
    CHECK(facts->exe == own->exe);
    CHECK(facts->args == own->args);
    CHECK(facts->user == own->user);
    CHECK(facts->cgroup == own->cgroup);
    CHECK(found == ancestors);
  }
  CHECK(readable > 0);
  CHECK(readable < 6);
  CHECK(reader.read(::getpid(), all_facts));
  CHECK_FALSE(reader.was_short());
}

TEST_CASE("a reader that was created, or first used, while no descriptor was free works later",
          "[live][match]") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  std::optional<FactReader> reader;
  {
    const DescriptorLimit limit(0);
    reader.emplace();
    CHECK_FALSE(reader->read(::getpid(), all_facts));
    CHECK(reader->was_short());
  }
  CHECK(reader->read(::getpid(), all_facts));
  CHECK_FALSE(reader->was_short());
}

TEST_CASE("a process that is gone is not one that cannot be read now", "[live][match]") {
  const Child child = fork_child([] {});
  child.wait_for_zombie();
  FactReader reader;
  CHECK_FALSE(reader.read(child.pid(), all_facts));
  CHECK_FALSE(reader.was_short());
}

TEST_CASE("a user whose name cannot be looked up for lack of descriptors has none yet",
          "[live][match]") {
  if (sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  constexpr uid_t nobody_has = 1'234'567;
  if (GENERATE(true, false)) static_cast<void>(UserNames().of(1));  // loads the name services
  UserNames names;
  {
    const DescriptorLimit limit(0);
    CHECK(names.of(nobody_has) == nullptr);
    const std::string* const root = names.of(0);  // systemd's service needs no descriptor
    CHECK((root == nullptr || *root == "root"));
  }
  REQUIRE(names.of(0) != nullptr);
  CHECK(*names.of(0) == "root");
  REQUIRE(names.of(nobody_has) != nullptr);
  CHECK(*names.of(nobody_has) == "1234567");
}
