#pragma once

#include <cstdint>

namespace provisr::bench {

/// How often this thread has called operator new. Counting costs a thread-local increment.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace provisr::bench
