#include "daemon/platform/child_process.hpp"
#include "support/child_exit.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/start_child.hpp"

#include <provisr/clock.hpp>
#include <provisr/cpu_rate.hpp>
#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

// The requirements for every platform's sampler, tested on real processes. One source for all.

namespace provisr::test {
namespace {

using daemon::ChildCommand;
using daemon::ChildProcess;

constexpr std::uint64_t megabyte = 1024 * 1024;

[[nodiscard]] std::unique_ptr<ChildProcess> start_program(
    const std::vector<std::string>& arguments) {
  ChildCommand command;
  command.argv = {child_path()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return test::start_child(command);
}

/// A sampler with its own context.
class Watch {
 public:
  explicit Watch(ProcessId pid) {
    std::error_code error;
    sampler_ = ProcessSampler::open(context_, pid, error);
    if (!sampler_) throw std::system_error(error, "open");
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) {
    context_.begin_tick();
    return sampler_->read(reading);
  }
  [[nodiscard]] ProcessReading reading() {
    ProcessReading result;
    if (read(result) != ReadStatus::ok) throw std::runtime_error("vanished");
    return result;
  }
  [[nodiscard]] bool has_vanished() {
    ProcessReading ignored;
    return read(ignored) == ReadStatus::vanished;
  }

 private:
  SamplingContext context_;
  std::optional<ProcessSampler> sampler_;
};

/// Measures CPU use over a second. The time is taken before the first and after the second reading,
/// so that a delay of this process cannot make the result too high.
[[nodiscard]] double measure_cpu_percent(Watch& watch) {
  CpuReading before;
  CpuReading after;
  before.taken_at = Clock::system().monotonic_now();
  before.cpu_time_ns = watch.reading().cpu_time_ns;
  std::this_thread::sleep_for(std::chrono::seconds(1));
  after.cpu_time_ns = watch.reading().cpu_time_ns;
  after.taken_at = Clock::system().monotonic_now();
  return cpu_percent(before, after).value_or(-1);
}

[[nodiscard]] std::error_code error_of_open(ProcessId pid) {
  SamplingContext context;
  std::error_code error;
  static_cast<void>(ProcessSampler::open(context, pid, error));
  return error;
}

void end(ChildProcess& child) {
  child.kill_group();
  REQUIRE(eventually([&] { return poll_exit(child).has_value(); }));
}

}  // namespace

TEST_CASE("A living process has plausible figures") {
  const auto child = start_program({"allocator", "8"});
  Watch watch(child->pid());
  REQUIRE(eventually([&] { return watch.reading().memory_rss_bytes.value_or(0) >= 8 * megabyte; }));
  const ProcessReading reading = watch.reading();
  CHECK(reading.cpu_time_ns.has_value());
  CHECK(reading.memory_vms_bytes.value_or(8 * megabyte) >= 8 * megabyte);  // absent on Wine
  CHECK(*reading.memory_rss_bytes < 1024 * megabyte);
  CHECK(reading.num_threads.value_or(0) >= 1);
  CHECK(reading.num_fds.value_or(3) >= 1);  // absent if the system has none
  CHECK(reading.memory_swap_bytes.value_or(0) < 1024 * megabyte);
}

TEST_CASE("A process is shown with the CPU time that it has used, at up to one CPU") {
  // The child measures its own CPU time, so that a busy machine makes this slower but not wrong.
  const auto child = start_program({"burner", "1500", "--seconds", "100"});
  Watch watch(child->pid());
  constexpr std::uint64_t used_ns = 1'500'000'000;
  constexpr std::uint64_t start_and_rounding_ns = 300'000'000;
  double max_percent = 0;
  REQUIRE(eventually([&] {
    max_percent = std::max(max_percent, measure_cpu_percent(watch));
    return *watch.reading().cpu_time_ns >= used_ns;
  }));
  CHECK(max_percent > 0);
  CHECK(max_percent < 110);
  REQUIRE(eventually([&] { return measure_cpu_percent(watch) == 0; }));
  CHECK(*watch.reading().cpu_time_ns < used_ns + start_and_rounding_ns);
}

TEST_CASE("A process that sleeps uses no CPU") {
  const auto child = start_program({"threader", "1", "--seconds", "100"});
  Watch watch(child->pid());
  CHECK(eventually([&] { return measure_cpu_percent(watch) < 5; }));
}

TEST_CASE("CPU time never goes back") {
  const auto child = start_program({"spinner", "50"});
  Watch watch(child->pid());
  std::uint64_t before = 0;
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t now = *watch.reading().cpu_time_ns;
    CHECK(now >= before);
    before = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

TEST_CASE("Memory that is in use is seen") {
  const auto small = start_program({"allocator", "1"});
  const auto large = start_program({"allocator", "65"});
  Watch small_watch(small->pid());
  Watch large_watch(large->pid());
  CHECK(eventually([&] {
    const auto difference =
        static_cast<std::int64_t>(large_watch.reading().memory_rss_bytes.value_or(0)) -
        static_cast<std::int64_t>(small_watch.reading().memory_rss_bytes.value_or(0));
    constexpr auto expected = static_cast<std::int64_t>(64 * megabyte);
    constexpr auto tolerance = static_cast<std::int64_t>(4 * megabyte);
    return difference > expected - tolerance && difference < expected + tolerance;
  }));
}

TEST_CASE("Threads are counted") {
  const auto one = start_program({"threader", "1", "--seconds", "100"});
  const auto six = start_program({"threader", "6"});
  Watch watch_one(one->pid());
  Watch watch_six(six->pid());
  CHECK(eventually([&] {
    const std::uint32_t base = watch_one.reading().num_threads.value_or(0);
    return base >= 1 && watch_six.reading().num_threads.value_or(0) == base + 5;
  }));
}

TEST_CASE("A process that has ended has vanished, and stays so") {
  const auto child = start_program({"exiter", "3", "200"});
  Watch watch(child->pid());
  CHECK(eventually([&] { return watch.has_vanished(); }));
  const auto exit = [&] { return poll_exit(*child); };
  REQUIRE(eventually([&] { return exit().has_value(); }));
  CHECK(exit()->code == 3);
  CHECK(watch.has_vanished());
}

TEST_CASE("A sampler stays with its process, whoever comes after it") {
  const auto first = start_program({"allocator", "1"});
  Watch watch(first->pid());
  CHECK_FALSE(watch.has_vanished());
  end(*first);
  std::vector<std::unique_ptr<ChildProcess>> later;
  for (int i = 0; i < 10; ++i) {
    later.push_back(start_program({"allocator", "1"}));
    CHECK(watch.has_vanished());
    ProcessReading reading;
    static_cast<void>(watch.read(reading));
    CHECK_FALSE(reading.cpu_time_ns.has_value());
  }
}

TEST_CASE("What is no process cannot be opened") {
  CHECK(error_of_open(0) == std::errc::no_such_process);
  CHECK(error_of_open(-1) == std::errc::no_such_process);
  CHECK(error_of_open(0x7fff'fff0) == std::errc::no_such_process);
  CHECK(error_of_open(std::numeric_limits<ProcessId>::max()) == std::errc::no_such_process);
}

TEST_CASE("Killing a child reaches what it has started") {
  const auto child = start_program({"forker", "2"});
  CHECK(child->group_alive());
  end(*child);
  CHECK(eventually([&] { return !child->group_alive(); }));
}

TEST_CASE("A child that is asked to end ends", "[console]") {
  const auto child = start_program({"threader", "1", "--seconds", "100"});
  child->terminate_group();
  const bool ended = eventually([&] {
    child->terminate_group();  // again, in case the program was not ready for the first
    return poll_exit(*child).has_value();
  });
  REQUIRE(ended);
  CHECK_FALSE(poll_exit(*child)->success());
}

}  // namespace provisr::test
