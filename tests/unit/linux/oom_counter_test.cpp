#include "daemon/platform/linux/oom_counter.hpp"

#include "daemon/platform/exit_status.hpp"
#include "daemon/platform/linux/cgroup_text.hpp"
#include "daemon/platform/linux/kernel_log.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <sys/stat.h>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr OomCounter::TimePoint first_look{1h};
constexpr pid_t daemon_pid = 10;
constexpr pid_t child = 11;
constexpr unsigned exiting = 0x4;
constexpr std::string_view no_signal = "0000000000000000";
constexpr std::string_view sigkill = "0000000000000100";
constexpr std::string_view kill_of_child =
    "3,812,5000,-;Memory cgroup out of memory: Killed process 11 (tail) total-vm:53368kB\n";

/// A machine whose processes 10 and 11 share a cgroup.
class OomMachine {
 public:
  OomMachine(std::string_view cgroups, const std::string& count_file) : file_(count_file) {
    for (const char* const pid : {"10", "11"}) {
      fs::create_directories(folder_.path() / "proc" / pid);
      folder_.write(fs::path("proc") / pid / "cgroup", cgroups);
    }
    fs::create_directories((folder_.path() / "cgroup" / file_).parent_path());
    count(0);
  }

  void count(int kills) const {
    folder_.write(fs::path("cgroup") / file_,
                  "low 0\nhigh 4\noom 7\noom_kill " + std::to_string(kills) + "\n");
  }
  void move_child(std::string_view cgroups) const { folder_.write("proc/11/cgroup", cgroups); }

  [[nodiscard]] std::uint64_t cgroup_id() const {
    struct stat status {};
    REQUIRE(::stat((folder_.path() / "cgroup" / file_).parent_path().c_str(), &status) == 0);
    return status.st_ino;
  }

  /// Replaces the cgroup by a new one of the same name.
  void renew_cgroup() const {
    const fs::path cgroup = (folder_.path() / "cgroup" / file_).parent_path();
    fs::rename(cgroup, folder_.path() / "removed");  // kept, so that its inode is not used again
    fs::create_directories(cgroup);
    count(0);
  }
  void remove_cgroup() const { fs::remove_all((folder_.path() / "cgroup" / file_).parent_path()); }

  /// Shows the child as a process with these flags (field 9 of stat) and pending signals.
  void child_has(unsigned flags, std::string_view pending) const {
    folder_.write("proc/11/stat",
                  "11 (tail) R 10 11 11 0 -1 " + std::to_string(flags) +
                      " 0 0 0 0 1 1 0 0 20 0 1 0 500 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    folder_.write("proc/11/status", "Name:\ttail\nSigPnd:\t" + std::string(pending) +
                                        "\nShdPnd:\t0000000000000000\n");
    folder_.write((fs::path("cgroup") / file_).parent_path() / "cgroup.procs", "10\n11\n");
  }
  void renew_child(std::string_view cgroups) const {
    fs::create_directories(folder_.path() / "proc" / "11");
    move_child(cgroups);
  }
  void child_is_gone() const { fs::remove_all(folder_.path() / "proc" / "11"); }

  void log_kernel_record(std::string_view record) const {
    std::ofstream(folder_.path() / "kmsg", std::ios::app) << record;
  }

  [[nodiscard]] OomCounter counter() const {
    return OomCounter({.proc = folder_.path() / "proc",
                       .cgroup = folder_.path() / "cgroup",
                       .kernel_log = folder_.path() / "kmsg"});
  }

 private:
  TempDirectory folder_;
  std::string file_;
};

}  // namespace

TEST_CASE("a kill that the cgroup counts explains one end") {
  const OomMachine machine("0::/system.slice/a.service\n", "system.slice/a.service/memory.events");
  machine.count(3);
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  CHECK_FALSE(counter.explains_end_of(child, first_look));
  machine.count(4);
  CHECK(counter.explains_end_of(child, first_look));
  CHECK_FALSE(counter.explains_end_of(child, first_look));
}

TEST_CASE("a kill that was none of ours explains no end that comes later") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  counter.look(first_look + 5s);
  counter.look(first_look + 10s);
  CHECK_FALSE(counter.explains_end_of(child, first_look + 11s));
  machine.count(2);
  CHECK(counter.explains_end_of(child, first_look + 12s));
}

TEST_CASE("a kill since a look long ago explains nothing") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  CHECK_FALSE(counter.explains_end_of(child, first_look + 1h));
  machine.count(2);
  CHECK(counter.explains_end_of(child, first_look + 1h + 1s));
}

TEST_CASE("two kills at once explain two ends, but none that comes later") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(3);
  CHECK(counter.explains_end_of(child, first_look));
  CHECK(counter.explains_end_of(child, first_look + 900ms));
  CHECK_FALSE(counter.explains_end_of(child, first_look + 1100ms));
}

TEST_CASE("a victim that takes long to end is told of, once") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  SECTION("if it is ending") {
    machine.child_has(exiting, no_signal);
  }
  SECTION("if it has not got to its end yet") {
    machine.child_has(0, sigkill);
  }
  for (int second = 1; second <= 60; ++second) counter.look(first_look + second * 1s);
  CHECK(counter.explains_end_of(child, first_look + 60s));
  CHECK_FALSE(counter.explains_end_of(child, first_look + 60s));
}

TEST_CASE("a victim that is slow to begin its end is found by a later look") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  machine.child_has(0, no_signal);
  counter.look(first_look + 1s);
  machine.child_has(exiting, no_signal);
  for (int second = 2; second <= 10; ++second) counter.look(first_look + second * 1s);
  CHECK(counter.explains_end_of(child, first_look + 10s));
}

TEST_CASE("an end without a kill is none for lack of memory") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.child_has(exiting, sigkill);
  for (int second = 1; second <= 5; ++second) counter.look(first_look + second * 1s);
  CHECK_FALSE(counter.explains_end_of(child, first_look + 5s));
}

TEST_CASE("processes that are ending are searched for once a second at most") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  CHECK(counter.explains_end_of(child, first_look + 1s));
  machine.count(2);
  machine.child_has(exiting, no_signal);
  CHECK(counter.explains_end_of(child, first_look + 1s + 1ms));  // by the count
  CHECK_FALSE(counter.explains_end_of(child, first_look + 1s + 2ms));
}

TEST_CASE("a process that was ending at a kill is forgotten with its PID") {
  const OomMachine machine("0::/\n", "memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  machine.child_has(exiting, sigkill);
  counter.look(first_look + 1s);
  machine.child_is_gone();
  for (int second = 2; second <= 10; ++second) counter.look(first_look + second * 1s);
  machine.renew_child("0::/\n");
  CHECK_FALSE(counter.explains_end_of(child, first_look + 11s));
}

TEST_CASE("version 1 has its count elsewhere") {
  const OomMachine machine("9:name=systemd:/x\n4:cpu,memory:/jobs/1\n0::/\n",
                           "memory/jobs/1/memory.oom_control");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  machine.count(1);
  CHECK(counter.explains_end_of(child, first_look));
  machine.move_child("4:cpu,memory:/\n0::/\n");  // what Linux shows for a zombie
  machine.count(2);
  CHECK(counter.explains_end_of(child, first_look));
}

TEST_CASE("in a cgroup that was not looked at before nothing is guessed") {
  const OomMachine machine("0::/a\n", "a/memory.events");
  OomCounter counter = machine.counter();
  CHECK_FALSE(counter.explains_end_of(child, first_look));
  counter.begin(daemon_pid, first_look);
  machine.move_child("0::/elsewhere\n");
  machine.count(1);
  CHECK_FALSE(counter.explains_end_of(child, first_look));
  CHECK_FALSE(counter.explains_end_of(12, first_look));  // has no cgroup file
}

TEST_CASE("a kill in the cgroup of a process that is no child explains one end there") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  machine.count(3);
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  const std::uint64_t id = machine.cgroup_id();
  REQUIRE_FALSE(file.empty());
  CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
  machine.count(4);
  CHECK_FALSE(
      counter.explains_end_in(file, {child, id + 1}, first_look));  // ended in another cgroup
  CHECK(counter.explains_end_in(file, {child, id}, first_look));
  CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
  counter.forget(file);
  machine.count(5);
  CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
}

TEST_CASE("a kill in another's cgroup explains no end that comes later") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  const std::uint64_t id = machine.cgroup_id();
  machine.count(1);
  counter.look(first_look + 5s);
  SECTION("unless it is noticed soon") {
    CHECK(counter.explains_end_in(file, {child, id}, first_look + 7s));
  }
  SECTION("such as of who was killed by hand") {
    counter.look(first_look + 6s);
    counter.look(first_look + 8s);
    CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look + 9s));
  }
  SECTION("nor one since a look long ago") {
    machine.count(2);
    CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look + 1h));
  }
}

TEST_CASE("as long as no kill is noticed, a look is as good as one at each count") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  counter.look(first_look + 1h);
  machine.count(1);
  CHECK(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look + 1h + 1s));
}

TEST_CASE("if the cgroup is gone with its count, the kernel's log tells of a kill") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  machine.log_kernel_record(kill_of_child);  // of an earlier process with this PID
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  const std::uint64_t id = machine.cgroup_id();
  machine.remove_cgroup();
  CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
  machine.log_kernel_record(kill_of_child);
  SECTION("at once") {
    CHECK_FALSE(counter.explains_end_in(file, {child + 1, id}, first_look));
    CHECK(counter.explains_end_in(file, {child, id}, first_look));
    CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
  }
  SECTION("long after, if the process has taken that long to end") {
    for (int second = 2; second <= 60; ++second) counter.look(first_look + second * 1s);
    CHECK(counter.explains_end_in(file, {child, id}, first_look + 61s));
  }
  SECTION("unless it is noticed long after the process has gone") {
    counter.look(first_look + 2s);
    machine.child_is_gone();
    counter.look(first_look + 6s);
    CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look + 6s));
  }
}

TEST_CASE("a kill that the count and the log tell of explains one end") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  machine.log_kernel_record("");
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  const std::uint64_t id = machine.cgroup_id();
  machine.log_kernel_record(kill_of_child);
  machine.count(1);
  CHECK(counter.explains_end_in(file, {child, id}, first_look));
  CHECK_FALSE(counter.explains_end_in(file, {child, id}, first_look));
}

TEST_CASE("a new cgroup of the same name is counted from its own beginning") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  OomCounter counter = machine.counter();
  const fs::path file = counter.watch(child, first_look);
  machine.count(1);
  CHECK(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look));
  machine.renew_cgroup();
  CHECK(counter.watch(child, first_look) == file);  // before the first watcher has gone
  CHECK_FALSE(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look + 1s));
  machine.count(1);
  CHECK(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look + 2s));
}

TEST_CASE("the kernel's log tells of a kill where no count does") {
  const OomMachine machine("4:memory:/b\n0::/b\n", "memory/b/memory.oom_control");
  machine.log_kernel_record("");
  OomCounter counter = machine.counter();
  CHECK(counter.watch(child, first_look).empty());
  CHECK_FALSE(counter.logs_kill_of(child, first_look));
  machine.log_kernel_record(kill_of_child);
  CHECK_FALSE(counter.logs_kill_of(child + 1, first_look));
  CHECK(counter.logs_kill_of(child, first_look));
  CHECK_FALSE(counter.logs_kill_of(child, first_look));
}

TEST_CASE("only the kernel itself can report an OOM kill") {
  CHECK(oom_victim_in(kill_of_child) == 11);
  CHECK(oom_victim_in("3,1,2,-;Out of memory: Killed process 4711 (a b) total-vm:1kB") == 4711);
  CHECK(oom_victim_in("6,1,2,-,caller=T1;Out of memory (oom_kill_allocating_task): "
                      "Killed process 5 (a)") == 5);
  CHECK_FALSE(oom_victim_in("11,1,2,-;Out of memory: Killed process 4711 (a)"));
  CHECK_FALSE(oom_victim_in("3,1,2,-;a: Out of memory: Killed process 4711 (a)"));
  CHECK_FALSE(oom_victim_in("3,1,2,-;Out of memory: Killed process x"));
  CHECK_FALSE(oom_victim_in("Out of memory: Killed process 4711 (a)"));
  CHECK_FALSE(oom_victim_in(""));
}

TEST_CASE("of one kill in a cgroup that many are watched in, one end is told") {
  const OomMachine machine("0::/b\n", "b/memory.events.local");
  OomCounter counter = machine.counter();
  counter.begin(daemon_pid, first_look);
  const fs::path file = counter.watch(child, first_look);
  CHECK(counter.watch(daemon_pid, first_look) == file);
  machine.count(1);
  CHECK(counter.explains_end_of(child, first_look));
  CHECK_FALSE(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look));
  counter.forget(file);
  machine.count(2);
  CHECK(counter.explains_end_in(file, {child, machine.cgroup_id()}, first_look));
}

TEST_CASE("kills that are not counted for a cgroup alone are not looked for") {
  const OomMachine machine("0::/b\n", "b/memory.events");
  CHECK(machine.counter().watch(child, first_look).empty());
  CHECK(machine.counter().watch(12, first_look).empty());  // has no cgroup file
}

TEST_CASE("the path of a cgroup is that of the hierarchy asked for") {
  CHECK(cgroup_path("4:memory:/a:b\n0::/c\n", "memory") == "/a:b");
  CHECK(cgroup_path("4:memory:/a\n0::/c\n", "") == "/c");
  CHECK(cgroup_path("4:cpu,cpuacct:/a\n", "memory") == std::nullopt);
  CHECK(cgroup_path("", "") == std::nullopt);
  CHECK(cgroup_path("no colon", "memory") == std::nullopt);
}

TEST_CASE("an end for lack of memory in words") {
  CHECK(ExitStatus{.signal = 9, .was_oom_kill = true}.to_string() ==
        "signal 9 (Killed, out of memory)");
}
