#pragma once

#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// The PID of this program.
[[nodiscard]] ProcessId own_process_id();

/// How large this program's address space may become, in bytes; the largest number if there is no
/// limit; empty if the system has no such thing.
[[nodiscard]] std::optional<std::uint64_t> own_virtual_memory_limit();

/// Memory for this program's own data, in bytes; empty if the system does not tell.
/// Linux: RssAnon of /proc/self/status, what is resident of it, with the stacks of threads.
/// macOS: what malloc has given out. Windows: the private commit.
[[nodiscard]] std::optional<std::uint64_t> own_heap_bytes();

}  // namespace provisr::daemon
