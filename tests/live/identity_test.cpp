#include "support/child_program.hpp"
#include "support/eventually.hpp"
#include "support/live_sampler.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <linux/sched.h>
#include <optional>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <time.h>
#include <unistd.h>

using namespace provisr;
using provisr::test::Child;
using provisr::test::ChildProgram;
using provisr::test::eventually;
using provisr::test::fork_child;
using provisr::test::LiveSampler;
using provisr::test::Pipe;

namespace {

/// Both ways to read one process: with kept descriptors and by path.
struct BothSamplers {
  explicit BothSamplers(ProcessId pid) : kept(pid), by_path(pid, 0) {}

  [[nodiscard]] bool have_vanished() { return kept.has_vanished() && by_path.has_vanished(); }
  [[nodiscard]] bool see_it() { return !kept.has_vanished() && !by_path.has_vanished(); }

  LiveSampler kept;
  LiveSampler by_path;
};

[[noreturn]] void wait_to_be_killed() {
  for (;;) ::pause();
}

}  // namespace

TEST_CASE("a process that has ended has vanished", "[sampler]") {
  ChildProgram child{"allocator", "1"};
  BothSamplers samplers(child.pid());
  CHECK(samplers.see_it());
  child.end();
  CHECK(samplers.have_vanished());
  CHECK(samplers.have_vanished());
}

TEST_CASE("a process that exits by itself vanishes", "[sampler]") {
  ChildProgram child{"exiter", "3", "200"};
  BothSamplers samplers(child.pid());
  child.wait_for_zombie();
  CHECK(samplers.have_vanished());
  child.end();
  CHECK(samplers.have_vanished());
}

TEST_CASE("an unreaped zombie has vanished", "[sampler]") {
  const ChildProgram child{"exiter", "0"};
  child.wait_for_zombie();
  std::error_code error;
  SamplingContext context;
  auto sampler = ProcessSampler::open(context, child.pid(), error);
  REQUIRE(sampler);  // the PID exists until the zombie is reaped
  ProcessReading reading;
  CHECK(sampler->read(reading) == ReadStatus::vanished);
  CHECK(LiveSampler(child.pid(), 0).has_vanished());
}

TEST_CASE("what never was cannot be opened", "[sampler]") {
  ChildProgram child{"allocator", "1"};
  const ProcessId pid = child.pid();
  child.end();
  std::error_code error;
  SamplingContext context;
  CHECK_FALSE(ProcessSampler::open(context, pid, error));
  CHECK(error == std::errc::no_such_process);
}

TEST_CASE("a process stays the same through exec", "[sampler]") {
  Pipe go;
  Pipe output;
  const Child child = fork_child([&] {
    char letter = 0;
    if (::read(go.reader(), &letter, 1) != 1) ::_exit(1);
    test::exec_child_program({"threader", "5"}, output.writer());
  });
  output.close_writer();
  BothSamplers samplers(child.pid());
  CHECK(samplers.see_it());
  REQUIRE(::write(go.writer(), "x", 1) == 1);
  REQUIRE(output.read_up_to("ready\n").ends_with("ready\n"));
  CHECK(samplers.kept.reading().num_threads == Figure<std::uint32_t>(5U));
  CHECK(samplers.by_path.reading().num_threads == Figure<std::uint32_t>(5U));
  CHECK(samplers.kept.reading().memory_rss_bytes.has_value());
}

namespace {

std::uint32_t fds_of_another_thread(pid_t pid) {
  const auto threads = std::filesystem::path("/proc") / std::to_string(pid) / "task";
  for (const auto& thread : std::filesystem::directory_iterator(threads)) {
    if (thread.path().filename() != std::to_string(pid)) {
      return test::entries_of((thread.path() / "fd").string());
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("a process whose first thread has ended is read by another one", "[sampler]") {
  const Child child = fork_child([] {
    std::thread([] { wait_to_be_killed(); }).detach();
    ::syscall(SYS_exit, 0);  // ends only this thread
  });
  REQUIRE(eventually([&] { return test::stat_of(child.pid()).leader_has_ended(); }));
  REQUIRE(test::stat_of(child.pid()).num_threads > 1);
  const std::uint32_t num_fds = fds_of_another_thread(child.pid());
  REQUIRE(num_fds > 0);
  BothSamplers samplers(child.pid());
  for (LiveSampler* sampler : {&samplers.kept, &samplers.by_path}) {
    const ProcessReading reading = sampler->reading();
    CHECK(reading.cpu_time_ns.has_value());
    CHECK(reading.num_threads.has_value());
    CHECK(reading.memory_rss_bytes.value_or(0) > 0);
    CHECK(reading.memory_vms_bytes.value_or(0) > *reading.memory_rss_bytes);
    CHECK(reading.memory_swap_bytes.has_value());
    CHECK(reading.num_fds == Figure<std::uint32_t>(num_fds));
    CHECK_FALSE(reading.num_fds_error);
  }
}

namespace {

/// Starts a process with this PID (clone3(2), set_tid) that waits to be killed. Returns nothing,
/// with errno set, if the kernel does not allow that or the PID is taken.
std::optional<Child> start_with_pid(ProcessId wanted) {
  auto pid = static_cast<pid_t>(wanted);
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
  arguments.set_tid_size = 1;
  const long result = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (result < 0) return std::nullopt;
  if (result == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    wait_to_be_killed();
  }
  return Child(static_cast<pid_t>(result));
}

/// Returns the time since boot in the unit of start times.
std::uint64_t clock_ticks_now() {
  timespec now{};
  test::checked(::clock_gettime(CLOCK_BOOTTIME, &now), "clock_gettime");
  const auto ticks_a_second = ::sysconf(_SC_CLK_TCK);
  return static_cast<std::uint64_t>(now.tv_sec * ticks_a_second +
                                    now.tv_nsec / (1'000'000'000 / ticks_a_second));
}

}  // namespace

TEST_CASE("a reused PID is never mistaken for the old process", "[sampler]") {
  std::optional<Child> heir;
  for (int attempt = 0; attempt < 50 && !heir; ++attempt) {  // another process may take the PID
    ChildProgram first{"allocator", "1"};
    const ProcessId pid = first.pid();
    BothSamplers samplers(pid);
    REQUIRE(samplers.see_it());
    const std::uint64_t first_start = test::stat_of(pid).start_clock_ticks;
    REQUIRE(eventually([&] { return clock_ticks_now() > first_start; }));
    first.end();
    heir = start_with_pid(pid);
    if (!heir && (errno == EPERM || errno == ENOSYS || errno == EINVAL)) {
      SKIP("this kernel does not let this user choose a PID (clone3, set_tid)");
    }
    if (!heir) continue;
    REQUIRE(heir->pid() == pid);
    CHECK(samplers.have_vanished());
    CHECK(samplers.have_vanished());
    CHECK(BothSamplers(pid).see_it());
  }
  CHECK(heir);
}
