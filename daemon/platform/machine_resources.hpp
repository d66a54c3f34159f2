#pragma once

#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// The resources that this program and its children may use at most. A value is absent if the
/// system does not report it.
struct MachineResources {
  /// Number of processors; a quota of CPU time can make it a fraction, such as 1.5.
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory_bytes;
};

/// Linux: the processors that this program may run on and the memory of the machine, lowered to the
/// limits of its cgroup and all parent cgroups (cpu.max, memory.max; also version 1). Other
/// systems: the processors and the memory of the machine. Takes some system calls. Thread-safe.
[[nodiscard]] MachineResources machine_resources();

}  // namespace provisr::daemon
