#pragma once

#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// What this program and its children may use at most; what the system does not tell is absent.
struct MachineResources {
  /// Processors; a quota of CPU time can make it a fraction, such as 1.5.
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory_bytes;
};

/// Linux: the processors that this program may run on and the memory of the machine, or the limits
/// of its cgroup and of those above it (cpu.max, memory.max; version 1, too) if they are lower.
/// Others: the processors and the memory of the machine. Takes some system calls. Thread-safe.
[[nodiscard]] MachineResources machine_resources();

}  // namespace provisr::daemon
