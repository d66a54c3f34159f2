#pragma once

#include <cstdint>

namespace provisr::bench {

/// Returns how often this thread has called operator new. Counting costs one thread-local
/// increment.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace provisr::bench
