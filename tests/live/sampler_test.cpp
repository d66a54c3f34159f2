#include "support/child_program.hpp"
#include "support/descriptor_limit.hpp"
#include "support/eventually.hpp"
#include "support/live_sampler.hpp"
#include "support/running_thread.hpp"
#include "support/sanitizers.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <vector>

using namespace provisr;
using provisr::test::Child;
using provisr::test::ChildProgram;
using provisr::test::DescriptorLimit;
using provisr::test::eventually;
using provisr::test::fork_child;
using provisr::test::in_own_process;
using provisr::test::LiveSampler;

namespace {

constexpr std::uint64_t one_mebibyte = 1024 * 1024;

/// Generates budgets: the default and 3 allow kept descriptors; with 0 and 2, which is one too few,
/// a process is read by path.
std::optional<std::size_t> any_budget() {
  using Budget = std::optional<std::size_t>;
  return GENERATE(Budget{}, Budget{3}, Budget{0}, Budget{2});
}

using Bytes = Figure<std::uint64_t>;
using Count = Figure<std::uint32_t>;

std::optional<Descent> descent_in(SamplingContext& context, ProcessId pid) {
  for (const Descent& descent : context.new_processes()) {
    if (descent.pid == pid) return descent;
  }
  return std::nullopt;
}

Bytes children_cpu_of(SamplingContext& context, const Descent& found) {
  std::error_code error;
  auto sampler = ProcessSampler::open(context, found.pid, error);
  FamilyReading reading;
  REQUIRE(sampler);
  REQUIRE(sampler->read_family(reading, found) == ReadStatus::ok);
  CHECK(reading.parent == found.parent);
  return reading.children_cpu_ns;
}

}  // namespace

TEST_CASE("memory that is touched is resident", "[sampler]") {
  const auto budget = any_budget();
  const ChildProgram child{"allocator", "64"};
  LiveSampler sampler(child.pid(), budget);
  const ProcessReading reading = sampler.reading();
  CHECK(*reading.memory_rss_bytes >= 64 * one_mebibyte);
  CHECK(*reading.memory_rss_bytes < 84 * one_mebibyte);
  CHECK(*reading.memory_vms_bytes >= *reading.memory_rss_bytes);
}

TEST_CASE("memory is what status says", "[sampler]") {
  const ChildProgram child{"allocator", "16"};
  LiveSampler sampler(child.pid());
  const bool is_equal = eventually([&] {  // the kernel may reclaim in between
    const std::uint64_t before = test::status_bytes(child.pid(), "VmRSS");
    const ProcessReading reading = sampler.reading();
    const std::uint64_t after = test::status_bytes(child.pid(), "VmRSS");
    return before == after && reading.memory_rss_bytes == Bytes(before);
  });
  CHECK(is_equal);
  CHECK(sampler.reading().memory_vms_bytes == Bytes(test::status_bytes(child.pid(), "VmSize")));
}

TEST_CASE("swap is 0 or what status says", "[sampler]") {
  const auto budget = any_budget();
  const ChildProgram child{"allocator", "1"};
  LiveSampler sampler(child.pid(), budget);
  const ProcessReading reading = sampler.reading();
  REQUIRE(reading.memory_swap_bytes.has_value());
  struct sysinfo info {};
  REQUIRE(::sysinfo(&info) == 0);
  if (info.totalswap == 0) CHECK(*reading.memory_swap_bytes == 0);
  CHECK(eventually([&] {
    return sampler.reading().memory_swap_bytes == Bytes(test::status_bytes(child.pid(), "VmSwap"));
  }));
}

TEST_CASE("all threads are counted", "[sampler]") {
  const auto budget = any_budget();
  const ChildProgram child{"threader", "8"};
  LiveSampler sampler(child.pid(), budget);
  CHECK(sampler.reading().num_threads == Count(8U));
  CHECK(test::entries_of(test::proc_of(child.pid()) / "task") == 8);
}

TEST_CASE("the id of a thread is that of no process", "[sampler]") {
  const test::RunningThread thread;
  SamplingContext context;
  std::error_code error;
  CHECK_FALSE(ProcessSampler::open(context, thread.id(), error));
  CHECK(error == std::errc::no_such_process);
}

TEST_CASE("what a look has found is not read again, unless it may be another process's",
          "[sampler][tree]") {
  SamplingContext context;
  static_cast<void>(context.new_processes());
  const Child child = fork_child([] { ::pause(); });
  const std::optional<Descent> found = descent_in(context, child.pid());
  REQUIRE(found);
  CHECK(found->parent == ::getpid());
  CHECK(found->children_cpu_ns == Bytes(0U));

  Descent told = *found;
  told.children_cpu_ns = 70'000'000U;  // shows which of both was taken
  CHECK(children_cpu_of(context, told) == Bytes(70'000'000U));
  told.incarnation = found->incarnation + 1;
  CHECK(children_cpu_of(context, told) == Bytes(0U));
  told.incarnation = 0;
  CHECK(children_cpu_of(context, told) == Bytes(0U));
  SamplingContext without_descriptors({.max_kept_descriptors = 0});
  told.incarnation = found->incarnation;
  CHECK(children_cpu_of(without_descriptors, told) == Bytes(0U));
}

TEST_CASE("all open descriptors are counted", "[sampler]") {
  const auto budget = any_budget();
  const ChildProgram few{"opener", "0"};
  const ChildProgram many{"opener", "50"};
  LiveSampler few_sampler(few.pid(), budget);
  LiveSampler many_sampler(many.pid(), budget);
  const std::uint32_t few_fds = *few_sampler.reading().num_fds;
  CHECK(few_fds == test::entries_of(test::proc_of(few.pid()) / "fd"));
  CHECK(many_sampler.reading().num_fds == Count(few_fds + 50));
  CHECK(many.said() == "descriptors " + std::to_string(few_fds + 50) + "\nready\n");
}

TEST_CASE("CPU time of threads that have ended counts, too", "[sampler]") {
  const auto budget = any_budget();
  const ChildProgram child{"spinner", "100"};
  LiveSampler sampler(child.pid(), budget);
  const std::uint64_t first = *sampler.reading().cpu_time_ns;
  CHECK(eventually([&] { return *sampler.reading().cpu_time_ns > first + 50'000'000; }));
}

TEST_CASE("a process is read the same way by path as by kept descriptors", "[sampler]") {
  const ChildProgram child{"threader", "3"};
  LiveSampler kept(child.pid());
  LiveSampler by_path(child.pid(), 0);
  ProcessReading a;
  ProcessReading b;
  const auto are_equal = [&] {
    return a.cpu_time_ns == b.cpu_time_ns && a.memory_vms_bytes == b.memory_vms_bytes &&
           a.memory_rss_bytes == b.memory_rss_bytes && a.memory_swap_bytes == b.memory_swap_bytes &&
           a.num_threads == b.num_threads && a.num_fds == b.num_fds;
  };
  // Repeated, because the child may not have paused yet. A real difference would not go away.
  CHECK(eventually([&] {
    a = kept.reading();
    b = by_path.reading();
    return are_equal();
  }));
  CHECK(a.cpu_time_ns == b.cpu_time_ns);
  CHECK(a.memory_rss_bytes == b.memory_rss_bytes);
  CHECK(a.num_fds == b.num_fds);
}

namespace {

/// Opens a descriptor above a gap, as a program may inherit one.
void open_above_a_gap() {
  const int next = test::checked(::dup(STDOUT_FILENO), "dup");
  test::checked(::fcntl(next, F_DUPFD_CLOEXEC, next + 2), "fcntl");
  ::close(next);
}

/// Lists the unknown figures of a reading in which all figures should be known.
std::string faults_of(const ProcessReading& reading) {
  std::string faults;
  if (!reading.cpu_time_ns) faults += "no CPU time; ";
  if (!reading.memory_rss_bytes) faults += "no RSS; ";
  if (!reading.num_threads) faults += "no threads; ";
  if (!reading.num_fds) faults += "no descriptors; ";
  return faults;
}

}  // namespace

TEST_CASE("short of descriptors, a process is read by path", "[sampler]") {
  if (test::sanitizer_needs_descriptors) {
    SKIP("the sanitizer needs descriptors for checks of its own");
  }
  const ChildProgram child{"allocator", "1"};
  const std::string faults = in_own_process([&] {
    SamplingContext context(SamplerOptions{.proc_root = "/proc", .max_kept_descriptors = 1000});
    open_above_a_gap();
    const DescriptorLimit limit(2);  // keeping a process needs three
    const std::uint32_t before = test::entries_of("/proc/self/fd");
    std::error_code error;
    auto sampler = ProcessSampler::open(context, child.pid(), error);
    if (!sampler) return "not opened: " + error.message();
    ProcessReading reading;
    for (int i = 0; i < 3; ++i) {
      if (sampler->read(reading) != ReadStatus::ok) return std::string("vanished");
    }
    if (test::entries_of("/proc/self/fd") != before) {
      return std::string("the attempt has left something open");
    }
    return faults_of(reading);
  });
  CAPTURE(faults);
  CHECK(faults.empty());
}

TEST_CASE("without any free descriptor nothing is known and nobody has vanished", "[sampler]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  const ChildProgram child{"allocator", "1"};
  const std::string faults = in_own_process([&] {
    LiveSampler by_path(child.pid(), 0);
    LiveSampler kept(child.pid());
    const DescriptorLimit limit(0);
    ProcessReading reading;
    if (by_path.read(reading) != ReadStatus::ok) return std::string("vanished");
    if (reading.num_fds_error != std::errc::too_many_files_open) return std::string("no reason");
    if (reading.cpu_time_ns || reading.memory_rss_bytes || reading.num_fds) {
      return std::string("knows of a process that it has not identified");
    }
    const std::string faults_of_kept = faults_of(kept.reading());
    limit.leave(10);
    return faults_of_kept + faults_of(by_path.reading());
  });
  CAPTURE(faults);
  CHECK(faults.empty());
}

TEST_CASE("a context made while descriptors were exhausted works once there are some",
          "[sampler]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  const int first_left = GENERATE(0, 1);
  const ChildProgram child{"allocator", "1"};
  const std::string faults = in_own_process([&] {
    const DescriptorLimit limit(first_left);
    SamplingContext context;
    std::error_code error;
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (ProcessSampler::open(context, child.pid(), error)) return std::string("has read it");
      if (error != std::errc::too_many_files_open) return error.message();
    }
    limit.leave(20);
    auto sampler = ProcessSampler::open(context, child.pid(), error);
    if (!sampler) return error.message();
    if (!context.has_own_pids()) return std::string("takes the PIDs for those of another system");
    context.begin_tick();
    if (context.candidates(child.pid()).empty()) return std::string("finds no processes");
    ProcessReading reading;
    if (sampler->read(reading) != ReadStatus::ok) return std::string("vanished");
    return faults_of(reading);
  });
  CAPTURE(faults);
  CHECK(faults.empty());
}

TEST_CASE("the budget is given back", "[sampler]") {
  const ChildProgram child{"allocator", "1"};
  const std::uint32_t before = test::entries_of("/proc/self/fd");
  SamplingContext context(SamplerOptions{.proc_root = "/proc", .max_kept_descriptors = 6});
  const std::uint32_t with_context = test::entries_of("/proc/self/fd");
  for (int round = 0; round < 3; ++round) {
    std::error_code error;
    std::vector<ProcessSampler> samplers;
    for (int i = 0; i < 3; ++i) {
      auto sampler = ProcessSampler::open(context, child.pid(), error);
      REQUIRE(sampler);
      samplers.push_back(std::move(*sampler));
    }
    CHECK(test::entries_of("/proc/self/fd") == with_context + 6);
  }
  CHECK(test::entries_of("/proc/self/fd") == with_context);
  CHECK(with_context == before + 2);  // the proc root and loadavg
}

TEST_CASE("descriptors of another user's process are counted or refused", "[sampler]") {
  struct stat owner {};
  REQUIRE(::stat("/proc/1", &owner) == 0);
  if (::geteuid() != 0 && ::geteuid() == owner.st_uid) SKIP("PID 1 is this user's own");
  constexpr uid_t nobody = 65534;
  for (const std::size_t budget : {std::size_t{3}, std::size_t{0}}) {
    const std::string faults = in_own_process([&]() -> std::string {
      if (::geteuid() == 0 && ::setresuid(nobody, nobody, nobody) != 0) return "setresuid failed";
      const ProcessReading reading = LiveSampler(1, budget).reading();
      if (!reading.memory_rss_bytes) return "no RSS";
      if (!reading.cpu_time_ns) return "no CPU time";
      const bool is_refused = reading.num_fds_error == std::errc::permission_denied;
      if (reading.num_fds.has_value() == is_refused) return "neither figure nor error, or both";
      return {};
    });
    CAPTURE(budget, faults);
    CHECK(faults.empty());
  }
}

TEST_CASE("a kernel thread runs, of memory unknown", "[sampler]") {
  std::error_code ignored;
  if (!std::filesystem::exists("/proc/2/comm", ignored) ||
      test::read_text("/proc/2/comm") != "kthreadd\n") {
    SKIP("no kernel threads are to be seen here");
  }
  const auto budget = any_budget();
  const ProcessReading reading = LiveSampler(2, budget).reading();
  CHECK(reading.cpu_time_ns.has_value());
  CHECK(reading.num_threads == Count(1U));
  CHECK_FALSE(reading.memory_rss_bytes.has_value());
  CHECK_FALSE(reading.memory_vms_bytes.has_value());
  CHECK_FALSE(reading.memory_swap_bytes.has_value());
}

TEST_CASE("counters are read between ticks, and those of nobody once the process is gone",
          "[sampler]") {
  const auto budget = any_budget();
  ChildProgram child{"spinner", "100"};
  LiveSampler sampler(child.pid(), budget);
  const std::uint64_t first = *sampler.reading().cpu_time_ns;
  ProcessReading reading;
  CHECK(eventually([&] {
    return sampler.read_counters(reading) == ReadStatus::ok &&
           *reading.cpu_time_ns > first + 50'000'000;
  }));
  CHECK(*sampler.reading().cpu_time_ns >= *reading.cpu_time_ns);
  child.end();
  CHECK(sampler.read_counters(reading) == ReadStatus::vanished);
  CHECK_FALSE(reading.cpu_time_ns.has_value());
}
