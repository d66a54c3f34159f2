#pragma once

#include "daemon/platform/exit_status.hpp"

#include <cstdint>
#include <sys/resource.h>

namespace provisr::daemon {

/// Converts a status of wait(2) of a process that has ended.
[[nodiscard]] ExitStatus exit_status_of(int wait_status) noexcept;

/// Returns the largest resident size, in bytes.
[[nodiscard]] std::uint64_t peak_memory_of(const rusage& usage) noexcept;

}  // namespace provisr::daemon
