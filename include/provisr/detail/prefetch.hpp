#pragma once

namespace provisr::detail {

/// Prefetches a cache line for writing; no-op if the compiler has no builtin for it.
inline void prefetch_for_write([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace provisr::detail
