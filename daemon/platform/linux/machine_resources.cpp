#include "daemon/platform/machine_resources.hpp"

#include "daemon/platform/linux/cgroup_limits.hpp"

#include <sched.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Returns the processors that this program may run on, or all if they are too many for the mask.
[[nodiscard]] std::optional<double> usable_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? std::optional<double>(static_cast<double>(online)) : std::nullopt;
}

[[nodiscard]] std::optional<std::uint64_t> physical_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
}

}  // namespace

MachineResources machine_resources() {
  MachineResources resources{.cpus = usable_processors(), .memory_bytes = physical_memory()};
  const MachineResources limits = cgroup_limits();
  lower_to(resources.cpus, limits.cpus);
  lower_to(resources.memory_bytes, limits.memory_bytes);
  return resources;
}

}  // namespace provisr::daemon
