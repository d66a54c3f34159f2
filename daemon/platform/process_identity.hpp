#pragma once

#include <provisr/process_metrics.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace provisr::daemon {

/// Identifies one process. A process that has the same PID later, in another container or after a
/// reboot has another identity. Can be stored in a file.
struct ProcessIdentity {
  ProcessId pid = 0;
  std::uint64_t start_clock_ticks = 0;  ///< since boot; a PID is not reused within one tick
  std::uint64_t pid_namespace = 0;
  std::array<char, 40> boot{};  ///< id of this run of the kernel, padded with zeros

  bool operator==(const ProcessIdentity&) const = default;
};
static_assert(std::is_trivially_copyable_v<ProcessIdentity> && sizeof(ProcessIdentity) == 64);

/// Returns the identity of the process that has this PID now. Requires a /proc that shows the PIDs
/// of system calls. Empty if there is no such process or the system cannot identify it.
[[nodiscard]] std::optional<ProcessIdentity> identity_of(ProcessId pid);

}  // namespace provisr::daemon
