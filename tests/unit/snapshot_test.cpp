#include "support/fake_registry.hpp"

#include <provisr/detail/roster.hpp>
#include <provisr/detail/snapshot_pool.hpp>
#include <provisr/snapshot.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace provisr;
using provisr::detail::Roster;
using provisr::detail::SnapshotBuffer;
using provisr::detail::SnapshotHold;
using provisr::detail::SnapshotPool;
using provisr::test::FakeMachine;

static_assert(std::is_nothrow_copy_constructible_v<Snapshot>);
static_assert(std::is_nothrow_move_constructible_v<Snapshot>);

namespace {

void declare_all(FakeMachine& machine, const std::vector<std::string>& names) {
  for (const std::string& name : names) REQUIRE_FALSE(machine.registry.declare(name));
}

std::vector<std::string> instances(const Snapshot& snapshot, const char* base) {
  std::vector<std::string> names;
  snapshot.for_each_instance(
      base, [&](const Snapshot::Process& process) { names.emplace_back(process.name()); });
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an empty snapshot has nothing in it", "[snapshot]") {
  const FakeMachine machine;
  const Snapshot snapshot = machine.registry.snapshot();
  CHECK(snapshot.empty());
  CHECK(snapshot.begin() == snapshot.end());
  CHECK_FALSE(snapshot.find("my-app"));
  CHECK_FALSE(snapshot.find(""));
  CHECK(instances(snapshot, "my-app").empty());
}

TEST_CASE("a snapshot is walked in the order of the names", "[snapshot]") {
  FakeMachine machine;
  declare_all(machine, {"b", "a-2", "C", "a", "a-10", "_"});
  Names names;
  const Snapshot snapshot = machine.registry.snapshot();
  for (const Snapshot::Process process : snapshot) names.emplace_back(process.name());
  CHECK(names == Names{"C", "_", "a", "a-10", "a-2", "b"});
  CHECK(snapshot.size() == 6);
  CHECK(snapshot[2].name() == "a");
  auto iterator = snapshot.begin();
  CHECK((*iterator++).name() == "C");
  CHECK((*iterator).name() == "_");
}

TEST_CASE("a snapshot finds each name and no other", "[snapshot]") {
  FakeMachine machine(1);
  for (int i = 0; i < 300; ++i) REQUIRE_FALSE(machine.registry.declare("n" + std::to_string(i)));
  const Snapshot snapshot = machine.registry.snapshot();
  for (int i = 0; i < 300; ++i) {
    const std::string name = "n" + std::to_string(i);
    REQUIRE(snapshot.find(name));
    REQUIRE(snapshot.find(name)->name() == name);
    REQUIRE_FALSE(snapshot.find("m" + std::to_string(i)));
  }
  CHECK_FALSE(snapshot.find("n300"));
  CHECK_FALSE(snapshot.find("n"));
}

TEST_CASE("the instances of a base are found among names like them", "[snapshot]") {
  FakeMachine machine;
  declare_all(machine, {"my-app", "my-app-1", "my-app-2", "my-app-10", "my-app-server-1", "my-app1",
                        "my-app-1a", "my-ap", "my-app.x", "zz", "a"});
  const Snapshot snapshot = machine.registry.snapshot();
  CHECK(instances(snapshot, "my-app") == Names{"my-app", "my-app-1", "my-app-10", "my-app-2"});
  CHECK(instances(snapshot, "my-app-server") == Names{"my-app-server-1"});
  CHECK(instances(snapshot, "my").empty());
  CHECK(instances(snapshot, "zzz").empty());
}

TEST_CASE("copies and moves of a snapshot show the same", "[snapshot]") {
  FakeMachine machine;
  declare_all(machine, {"a"});
  Snapshot first = machine.registry.snapshot();
  Snapshot copy = first;
  const Snapshot moved = std::move(first);
  declare_all(machine, {"b"});
  machine.tick_after();
  first = machine.registry.snapshot();
  copy = moved;
  CHECK(copy.size() == 1);
  CHECK(moved.size() == 1);
  CHECK(first.size() == 2);
}

namespace {

std::shared_ptr<const Roster> roster_of(std::size_t size) {
  std::vector<Roster::Entry> entries;
  for (std::size_t i = 0; i < size; ++i) {
    entries.push_back({"n" + std::to_string(1000 + i), std::make_shared<const History>(1)});
  }
  return std::make_shared<const Roster>(std::move(entries));
}

void publish(SnapshotPool& pool, const std::shared_ptr<const Roster>& roster) {
  pool.make_current(pool.free_buffer(roster));
}

}  // namespace

TEST_CASE("a pool does not hand out what is held or current", "[snapshot]") {
  SnapshotPool pool;
  const auto roster = roster_of(3);
  publish(pool, roster);
  std::optional<SnapshotHold> held = pool.hold_current();
  publish(pool, roster);
  for (int i = 0; i < 5; ++i) {
    SnapshotBuffer& buffer = pool.free_buffer(roster);
    REQUIRE(&buffer != &**held);
    REQUIRE(&buffer != &pool.current());
    REQUIRE(buffer.slots.size() == 3);
    pool.make_current(buffer);
  }
  const SnapshotBuffer* const was_held = &**held;
  held.reset();
  bool is_used_again = false;
  for (int i = 0; i < 3 && !is_used_again; ++i) {
    publish(pool, roster);
    is_used_again = &pool.current() == was_held;
  }
  CHECK(is_used_again);
}

TEST_CASE("a pool of two buffers serves one writer without readers", "[snapshot]") {
  SnapshotPool pool;
  const auto roster = roster_of(1);
  publish(pool, roster);
  const SnapshotBuffer* const first = &pool.current();
  publish(pool, roster);
  const SnapshotBuffer* const second = &pool.current();
  for (int i = 0; i < 10; ++i) {
    publish(pool, roster);
    REQUIRE((&pool.current() == first || &pool.current() == second));
  }
}

TEST_CASE("a pool lets go of the histories of names that are gone", "[snapshot]") {
  SnapshotPool pool;
  auto old = roster_of(3);
  const std::weak_ptr<const Roster> watched = old;
  std::vector<SnapshotHold> held;
  for (int i = 0; i < 6; ++i) {  // readers hold more snapshots than they ever will again
    publish(pool, old);
    held.push_back(pool.hold_current());
  }
  old.reset();
  held.clear();
  const auto young = roster_of(1);
  publish(pool, young);
  publish(pool, young);
  publish(pool, young);
  CHECK(watched.expired());
}
