#include "support/proc_tree.hpp"

#include <provisr/sampler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>

using namespace provisr;
using provisr::test::ProcTree;

namespace {

/// A proc tree and a context over it.
struct SamplerFixture {
  std::optional<ProcessSampler> open(ProcessId pid) {
    std::error_code error;
    auto sampler = ProcessSampler::open(context, pid, error);
    REQUIRE_FALSE(error);
    REQUIRE(sampler);
    return sampler;
  }
  std::error_code error_of_open(ProcessId pid) {
    std::error_code error;
    CHECK_FALSE(ProcessSampler::open(context, pid, error));
    return error;
  }

  ProcTree tree;
  SamplingContext context{SamplerOptions{.proc_root = tree.root()}};
};

ProcessReading read_ok(ProcessSampler& sampler) {
  ProcessReading reading;
  REQUIRE(sampler.read(reading) == ReadStatus::ok);
  return reading;
}

ProcessReading read_ok(ProcessSampler&& sampler) {
  return read_ok(sampler);
}

bool has_vanished(ProcessSampler& sampler) {
  ProcessReading reading;
  return sampler.read(reading) == ReadStatus::vanished;
}

using Bytes = Figure<std::uint64_t>;
using Count = Figure<std::uint32_t>;

std::uint64_t page_bytes() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("another proc root is read by path", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 15);
  auto sampler = fixture.open(1000);
  fixture.context.begin_tick();
  const ProcessReading reading = read_ok(*sampler);
  const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  CHECK(reading.cpu_time_ns == Bytes(300 * (1'000'000'000U / ticks_a_second)));
  CHECK(reading.memory_vms_bytes == Bytes(536'870'912U));
  CHECK(reading.memory_rss_bytes == Bytes(32'896 * page_bytes()));
  CHECK(reading.memory_swap_bytes == Bytes(2048U * 1024U));
  CHECK(reading.num_threads == Count(4U));
  CHECK(reading.num_fds == Count(15U));
  CHECK_FALSE(reading.num_fds_error);
}

TEST_CASE("many descriptors are counted, and none", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 500);  // more than one getdents64 buffer
  fixture.tree.add(1001, "parentheses", 0);
  CHECK(read_ok(*fixture.open(1000)).num_fds == Count(500U));
  CHECK(read_ok(*fixture.open(1001)).num_fds == Count(0U));
}

TEST_CASE("figures are read anew each time", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary");
  auto sampler = fixture.open(1000);
  const ProcessReading before = read_ok(*sampler);
  fixture.tree.edit(1000, "statm", " 32896 ", " 40000 ");
  fixture.tree.edit(1000, "stat", " 250 50 ", " 250 51 ");
  const ProcessReading after = read_ok(*sampler);
  CHECK(after.memory_rss_bytes == Bytes(40'000 * page_bytes()));
  CHECK(*after.cpu_time_ns > *before.cpu_time_ns);
}

TEST_CASE("a process with another start time is another process", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 3);
  auto sampler = fixture.open(1000);
  read_ok(*sampler);
  fixture.tree.edit(1000, "stat", " 88123 ", " 88124 ");
  CHECK(has_vanished(*sampler));
  read_ok(*fixture.open(1000));
}

TEST_CASE("a process that is gone has vanished", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary");
  auto sampler = fixture.open(1000);
  fixture.tree.remove(1000);
  CHECK(has_vanished(*sampler));
}

TEST_CASE("a process that has become a zombie has vanished", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1002, "zombie");
  fixture.tree.edit(1002, "stat", ") Z ", ") S ");
  auto sampler = fixture.open(1002);
  CHECK_FALSE(has_vanished(*sampler));
  fixture.tree.edit(1002, "stat", ") S ", ") Z ");
  CHECK(has_vanished(*sampler));
  fixture.tree.edit(1002, "stat", ") Z ", ") X ");
  CHECK(has_vanished(*sampler));
}

TEST_CASE("a zombie leader of living threads is alive, of memory unknown", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1003, "zombie_leader", 0);
  const ProcessReading reading = read_ok(*fixture.open(1003));
  CHECK(reading.cpu_time_ns.has_value());
  CHECK(reading.num_threads == Count(3U));
  CHECK_FALSE(reading.memory_rss_bytes.has_value());
  CHECK_FALSE(reading.memory_vms_bytes.has_value());
  CHECK_FALSE(reading.memory_swap_bytes.has_value());
  CHECK_FALSE(reading.num_fds.has_value());
  CHECK_FALSE(reading.num_fds_error);
}

TEST_CASE("a kernel thread is alive, of memory unknown", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(2, "kernel_thread", 0);
  const ProcessReading reading = read_ok(*fixture.open(2));
  CHECK(reading.num_threads == Count(1U));
  CHECK_FALSE(reading.memory_rss_bytes.has_value());
  CHECK_FALSE(reading.memory_vms_bytes.has_value());
  CHECK_FALSE(reading.memory_swap_bytes.has_value());
}

TEST_CASE("resident memory is that of statm, else that of stat", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary");
  auto sampler = fixture.open(1000);
  fixture.tree.edit(1000, "stat", " 32896 ", " 32000 ");  // stat lags behind
  CHECK(read_ok(*sampler).memory_rss_bytes == Bytes(32'896 * page_bytes()));
  std::filesystem::remove(fixture.tree.of(1000) / "statm");
  CHECK(read_ok(*sampler).memory_rss_bytes == Bytes(32'000 * page_bytes()));
}

TEST_CASE("without status the swap is unknown", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 2);
  std::filesystem::remove(fixture.tree.of(1000) / "status");
  const ProcessReading reading = read_ok(*fixture.open(1000));
  CHECK_FALSE(reading.memory_swap_bytes.has_value());
  CHECK(reading.memory_rss_bytes.has_value());
  CHECK(reading.num_fds == Count(2U));
}

TEST_CASE("a descriptor directory that is not to be listed is an error told", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 2);
  const auto fd = fixture.tree.of(1000) / "fd";
  auto sampler = fixture.open(1000);
  std::filesystem::permissions(fd, std::filesystem::perms::none);
  // Root may list every directory, so a test that runs as root becomes nobody for a moment.
  std::filesystem::permissions(fixture.tree.root(), std::filesystem::perms(0755));
  constexpr uid_t nobody = 65534;
  const uid_t self = ::geteuid();
  if (self == 0) REQUIRE(::seteuid(nobody) == 0);
  ProcessReading reading;
  const ReadStatus status = sampler->read(reading);
  REQUIRE(::seteuid(self) == 0);
  std::filesystem::permissions(fd, std::filesystem::perms::owner_all);
  REQUIRE(status == ReadStatus::ok);
  CHECK_FALSE(reading.num_fds.has_value());
  CHECK(reading.num_fds_error == std::errc::permission_denied);
  CHECK(reading.memory_rss_bytes.has_value());
}

TEST_CASE("a descriptor directory that is none is an error told", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary");
  std::filesystem::remove(fixture.tree.of(1000) / "fd");
  test::write_text(fixture.tree.of(1000) / "fd", "");
  const ProcessReading reading = read_ok(*fixture.open(1000));
  CHECK_FALSE(reading.num_fds.has_value());
  CHECK(reading.num_fds_error == std::errc::not_a_directory);
}

TEST_CASE("a stat that makes no sense says nothing, not even that the process has ended",
          "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary", 2);
  auto sampler = fixture.open(1000);
  test::write_text(fixture.tree.of(1000) / "stat", "garbage\n");
  const ProcessReading reading = read_ok(*sampler);
  CHECK_FALSE(reading.cpu_time_ns.has_value());
  CHECK_FALSE(reading.memory_rss_bytes.has_value());
  CHECK_FALSE(reading.num_fds.has_value());
  CHECK(fixture.error_of_open(1000) == std::errc::bad_message);
}

TEST_CASE("what is not there cannot be opened", "[sampler]") {
  SamplerFixture fixture;
  CHECK(fixture.error_of_open(1234) == std::errc::no_such_process);
  CHECK(fixture.error_of_open(0) == std::errc::no_such_process);
  CHECK(fixture.error_of_open(-5) == std::errc::no_such_process);
  CHECK(fixture.error_of_open(std::numeric_limits<ProcessId>::max()) == std::errc::no_such_process);
  fixture.tree.add(1000, "ordinary");
  std::filesystem::remove(fixture.tree.of(1000) / "stat");
  CHECK(fixture.error_of_open(1000) == std::errc::no_such_process);
}

TEST_CASE("without a proc root nothing can be opened", "[sampler]") {
  SamplingContext context(SamplerOptions{.proc_root = "/nonexistent"});
  std::error_code error;
  CHECK_FALSE(ProcessSampler::open(context, ::getpid(), error));
  CHECK(error == std::errc::no_such_file_or_directory);
  context.begin_tick();
}

TEST_CASE("a PID that is ours in an outer namespace, too, is not ours there", "[sampler]") {
  const ProcessId self = ::getpid();
  ProcTree tree;
  tree.add(self, "ordinary");
  std::filesystem::create_symlink(std::to_string(self), tree.root() + "/self");
  const auto cpu_time = [&] {
    SamplingContext context(SamplerOptions{.proc_root = tree.root()});
    std::error_code error;
    auto sampler = ProcessSampler::open(context, self, error);
    REQUIRE(sampler);
    return read_ok(*sampler).cpu_time_ns;
  };
  const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const Bytes of_the_fixture(300 * (1'000'000'000U / ticks_a_second));
  const std::string own = "NSpid:\t" + std::to_string(self) + "\n";
  test::write_text(tree.of(self) / "status", own);
  CHECK_FALSE(cpu_time() == of_the_fixture);  // from the CPU clock of this program instead
  test::write_text(tree.of(self) / "status", "NSpid:\t" + std::to_string(self) + "\t7\n");
  CHECK(cpu_time() == of_the_fixture);
}

TEST_CASE("swap is found behind a long list of groups", "[sampler]") {
  SamplerFixture fixture;
  fixture.tree.add(1000, "ordinary");
  std::string groups = "Groups:\t";
  for (int group = 100'000; group < 101'000; ++group) groups += std::to_string(group) + ' ';
  fixture.tree.edit(1000, "status", "Groups:\t", groups);
  CHECK(read_ok(*fixture.open(1000)).memory_swap_bytes == Bytes(2048U * 1024U));
}
