#pragma once

#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <optional>

namespace provisr::daemon {

/// The PID of this program.
[[nodiscard]] ProcessId own_process_id();

/// Returns the limit of this program's address space, in bytes; the largest number if unlimited;
/// empty if the system has no such limit.
[[nodiscard]] std::optional<std::uint64_t> own_virtual_memory_limit();

/// Returns the memory for this program's own data, in bytes; empty if the system does not report
/// it. Linux: RssAnon of /proc/self/status, its resident part, including thread stacks. macOS: what
/// malloc has allocated. Windows: the private commit.
[[nodiscard]] std::optional<std::uint64_t> own_heap_bytes();

/// Makes all threads share one heap, if the C library would give each its own. That takes less
/// memory, and starting a child copies less: fork_for_exec() leaves out only this heap. Call it
/// before other threads run.
void share_one_heap() noexcept;

/// Removes code and constants of this program and its libraries from resident memory, from where
/// the start has left much that is not used again. What is used comes back when it is used, without
/// reading a file as long as the system keeps it in its cache. No-op except on Linux.
void release_unused_code() noexcept;

}  // namespace provisr::daemon
