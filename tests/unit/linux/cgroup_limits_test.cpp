#include "daemon/platform/linux/cgroup_limits.hpp"

#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <optional>
#include <string_view>

using namespace provisr::daemon;
using provisr::test::TempDirectory;
namespace fs = std::filesystem;

namespace {

/// A fake machine on which this process is in the given cgroups.
class CgroupMachine {
 public:
  explicit CgroupMachine(std::string_view cgroups) { write("proc/self/cgroup", cgroups); }

  void write(const fs::path& file, std::string_view text) const {
    fs::create_directories((folder_.path() / file).parent_path());
    folder_.write(file, text);
  }

  [[nodiscard]] MachineResources limits() const {
    return cgroup_limits({.proc = folder_.path() / "proc", .cgroup = folder_.path() / "cgroup"});
  }

 private:
  TempDirectory folder_;
};

}  // namespace

TEST_CASE("the limits of a cgroup are told") {
  const CgroupMachine machine("0::/a.slice/b.service\n");
  machine.write("cgroup/a.slice/b.service/cpu.max", "150000 100000\n");
  machine.write("cgroup/a.slice/b.service/memory.max", "536870912\n");
  CHECK(machine.limits().cpus == 1.5);
  CHECK(machine.limits().memory_bytes == 536870912U);
}

TEST_CASE("the lowest limit of all cgroups above holds") {
  const CgroupMachine machine("0::/a/b/c\n");
  machine.write("cgroup/a/b/c/cpu.max", "400000 100000\n");
  machine.write("cgroup/a/b/c/memory.max", "max\n");
  machine.write("cgroup/a/b/cpu.max", "max 100000\n");
  machine.write("cgroup/a/cpu.max", "50000 100000\n");
  machine.write("cgroup/a/memory.max", "1000\n");
  machine.write("cgroup/memory.max", "2000\n");
  CHECK(machine.limits().cpus == 0.5);
  CHECK(machine.limits().memory_bytes == 1000U);
}

TEST_CASE("a container that sees its cgroup as the root has the limits of the root") {
  const CgroupMachine machine("0::/docker/0123abcd\n");
  machine.write("cgroup/cpu.max", "200000 100000\n");
  machine.write("cgroup/memory.max", "4096\n");
  CHECK(machine.limits().cpus == 2.0);
  CHECK(machine.limits().memory_bytes == 4096U);
}

TEST_CASE("version 1 of cgroups has limits, too") {
  const CgroupMachine machine("4:memory:/m\n3:cpu,cpuacct:/c\n0::/\n");
  machine.write("cgroup/cpu/c/cpu.cfs_quota_us", "75000\n");
  machine.write("cgroup/cpu/c/cpu.cfs_period_us", "50000\n");
  machine.write("cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  machine.write("cgroup/cpu/cpu.cfs_period_us", "100000\n");
  machine.write("cgroup/memory/m/memory.limit_in_bytes", "8192\n");
  machine.write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(machine.limits().cpus == 1.5);
  CHECK(machine.limits().memory_bytes == 8192U);
}

TEST_CASE("without limits, and with files that make no sense, nothing is told") {
  const CgroupMachine machine("0::/a\n");
  CHECK_FALSE(machine.limits().cpus);
  machine.write("cgroup/a/cpu.max", "max 100000\n");
  machine.write("cgroup/a/memory.max", "max\n");
  machine.write("cgroup/cpu.max", "100000 0\n");
  machine.write("cgroup/memory.max", "nonsense\n");
  CHECK_FALSE(machine.limits().cpus);
  CHECK_FALSE(machine.limits().memory_bytes);
}

TEST_CASE("this machine has processors and memory") {
  const MachineResources resources = machine_resources();
  REQUIRE(resources.cpus);
  CHECK(*resources.cpus > 0);
  REQUIRE(resources.memory_bytes);
  CHECK(*resources.memory_bytes > 1024U * 1024);
}
