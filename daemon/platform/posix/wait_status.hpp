#pragma once

#include "daemon/platform/exit_status.hpp"

#include <cstdint>
#include <sys/resource.h>

namespace provisr::daemon {

/// What wait(2) says of a process that has ended.
[[nodiscard]] ExitStatus exit_status_of(int wait_status) noexcept;

/// The largest resident size, in bytes.
[[nodiscard]] std::uint64_t peak_memory_of(const rusage& usage) noexcept;

}  // namespace provisr::daemon
