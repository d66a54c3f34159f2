#pragma once

#include <provisr/process_metrics.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace provisr::daemon {

/// One process, never to be taken for another that has its PID later, in another container or after
/// a reboot. Can be kept in a file.
struct ProcessIdentity {
  ProcessId pid = 0;
  std::uint64_t start_clock_ticks = 0;  ///< since boot; no PID is given out twice within one
  std::uint64_t pid_namespace = 0;
  std::array<char, 40> boot{};  ///< the id of this run of the kernel, padded with zeros

  bool operator==(const ProcessIdentity&) const = default;
};
static_assert(std::is_trivially_copyable_v<ProcessIdentity> && sizeof(ProcessIdentity) == 64);

/// Of the process that has this PID now, of a /proc whose PIDs are those of system calls. Empty if
/// there is none, or if this system cannot tell.
[[nodiscard]] std::optional<ProcessIdentity> identity_of(ProcessId pid);

}  // namespace provisr::daemon
