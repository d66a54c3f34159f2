#include "daemon/platform/process_facts.hpp"

#include "daemon/platform/linux/cgroup_text.hpp"
#include "support/proc_tree.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::string_view_literals;

namespace {

constexpr FactSet everything{.unit = true, .cgroup = true, .exe = true, .args = true, .user = true};
constexpr std::uint64_t fixture_start = 88123;

struct FactsWorld {
  ProcTree proc;
  FactReader reader{proc.root()};

  void write(std::string_view file, std::string_view text) {
    write_text(proc.of(1000) / file, text);
  }
  [[nodiscard]] std::optional<ProcessFacts> read(const FactSet& wanted = everything) {
    return reader.read(1000, wanted);
  }
  [[nodiscard]] std::optional<std::string> args_of(std::string_view cmdline) {
    write("cmdline", cmdline);
    return read()->args;
  }
};

}  // namespace

TEST_CASE("all facts of a process are read", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.write("cmdline", "python3\0worker.py\0--queue=high\0"sv);
  world.write("cgroup", "0::/system.slice/worker@1.service\n");
  std::filesystem::create_symlink("/usr/bin/python3.11", world.proc.of(1000) / "exe");
  world.proc.edit(1000, "status", "Uid:\t1000\t1000", "Uid:\t1000\t4294967294");
  const auto facts = world.read();
  REQUIRE(facts);
  CHECK(facts->key == ProcessKey{1000, fixture_start});
  CHECK(facts->parent == 1);
  CHECK(facts->args == "python3 worker.py --queue=high");
  CHECK(facts->exe == "/usr/bin/python3.11");
  CHECK(facts->cgroup == "/system.slice/worker@1.service");
  CHECK(facts->unit == "worker@1.service");
  CHECK(facts->user == "4294967294");  // the effective user, which has no name
}

TEST_CASE("a user is told by name", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.proc.edit(1000, "status", "Uid:\t1000\t1000", "Uid:\t1000\t0");
  CHECK(world.read()->user == "root");
}

TEST_CASE("only what is asked for is read, and what cannot be is unknown", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  const auto none = world.read();
  REQUIRE(none);
  CHECK_FALSE(none->args);
  CHECK_FALSE(none->exe);
  CHECK_FALSE(none->unit);
  world.write("cmdline", "a"sv);
  CHECK_FALSE(world.read({.exe = true})->args);
  CHECK_FALSE(world.read({.exe = true})->user);
}

TEST_CASE("there is nothing of who is gone, a zombie or the kernel", "[match]") {
  FactsWorld world;
  CHECK_FALSE(world.read());
  world.proc.add(1000, "zombie");
  CHECK_FALSE(world.read());
  world.proc.add(1000, "kernel_thread");
  CHECK_FALSE(world.read());
  CHECK_FALSE(FactReader("/no/such/folder").read(1000, everything));
}

TEST_CASE("arguments are joined by spaces, whatever they hold", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  CHECK(world.args_of("a\0\0b\0"sv) == "a  b");
  CHECK(world.args_of("a b\0c\nd\0\xff\0"sv) == "a b c\nd \xff");
  CHECK(world.args_of("nginx: master process"sv) == "nginx: master process");
  CHECK(world.args_of("postgres: writer\0\0\0\0\0"sv) == "postgres: writer");
  CHECK(world.args_of("") == std::nullopt);
  CHECK(world.args_of("\0\0"sv) == std::nullopt);
  const std::string huge(2 << 20, 'x');
  CHECK(world.args_of(huge)->size() == max_args_bytes);
}

TEST_CASE("a program whose file was deleted is still that program", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  std::filesystem::create_symlink("/opt/app (deleted)", world.proc.of(1000) / "exe");
  CHECK(world.read()->exe == "/opt/app");
}

TEST_CASE("ancestors are told up to where they end", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.proc.add(900, "ordinary");
  world.proc.add(800, "ordinary");
  world.proc.edit(1000, "stat", ") S 1 ", ") S 900 ");
  world.proc.edit(900, "stat", ") S 1 ", ") S 800 ");
  world.proc.edit(800, "stat", ") S 1 ", ") S 77 ");
  CHECK(world.reader.ancestors_of(*world.read()) ==
        std::vector<ProcessKey>{{900, fixture_start}, {800, fixture_start}});
}

TEST_CASE("an orphan belongs to the leader of its process group, as in a tree", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.proc.add(900, "ordinary");
  world.proc.add(800, "ordinary");
  world.proc.edit(900, "stat", ") S 1 1000 ", ") S 800 900 ");
  world.proc.edit(800, "stat", ") S 1 1000 ", ") S 1 800 ");
  SECTION("adopted by process 1") {
    world.proc.edit(1000, "stat", ") S 1 1000 ", ") S 1 900 ");
  }
  SECTION("adopted by this program") {
    world.proc.edit(1000, "stat", ") S 1 1000 ", ") S " + std::to_string(::getpid()) + " 900 ");
  }
  CHECK(world.reader.ancestors_of(*world.read()) ==
        std::vector<ProcessKey>{{900, fixture_start}, {800, fixture_start}});
}

TEST_CASE("a circle of ancestors comes to an end", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.proc.edit(1000, "stat", ") S 1 ", ") S 1000 ");
  CHECK(world.reader.ancestors_of(*world.read()).empty());
}

TEST_CASE("a process in the group of its own child does not descend from it", "[match]") {
  FactsWorld world;
  world.proc.add(1000, "ordinary");
  world.proc.add(900, "ordinary");
  world.proc.edit(1000, "stat", ") S 1 1000 ", ") S 1 900 ");
  world.proc.edit(900, "stat", ") S 1 1000 ", ") S 1000 900 ");
  CHECK(world.reader.ancestors_of(*world.read()).empty());
  const auto child = world.reader.read(900, {});
  REQUIRE(child);
  CHECK(world.reader.ancestors_of(*child) == std::vector<ProcessKey>{{1000, fixture_start}});
}

TEST_CASE("a long line of ancestors is told up to the 64th", "[match]") {
  FactsWorld world;
  for (ProcessId pid = 1000; pid < 1100; ++pid) {
    world.proc.add(pid, "ordinary");
    world.proc.edit(pid, "stat", ") S 1 ", ") S " + std::to_string(pid + 1) + " ");
  }
  CHECK(world.reader.ancestors_of(*world.read()).size() == 64);
}

TEST_CASE("the path that systemd goes by is found in either version", "[match]") {
  CHECK(systemd_cgroup_path("0::/a.service\n") == "/a.service");
  CHECK(systemd_cgroup_path("4:memory:/m\n1:name=systemd:/s.service\n0::/\n") == "/s.service");
  CHECK(systemd_cgroup_path("4:memory:/m\n") == std::nullopt);
  CHECK(systemd_cgroup_path("") == std::nullopt);
  CHECK(systemd_unit_of("/user.slice/user@1000.service/app.slice/x.service/sub") == "x.service");
  CHECK(systemd_unit_of("/system.slice/docker-abc.scope") == "docker-abc.scope");
  CHECK(systemd_unit_of("/user.slice") == std::nullopt);
  CHECK(systemd_unit_of("") == std::nullopt);
}
