#pragma once

#include <cstddef>

namespace provisr::detail {

/// Prefetches a cache line for writing; no-op if the compiler has no builtin for it.
inline void prefetch_for_write([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address, 1);
#endif
}

/// Prefetches all of an object for writing.
template <class T>
void prefetch_object(const T& object) noexcept {
  constexpr std::size_t cache_line = 64;
  const auto* const bytes = reinterpret_cast<const std::byte*>(&object);
  for (std::size_t offset = 0; offset < sizeof(T); offset += cache_line) {
    prefetch_for_write(bytes + offset);
  }
}

}  // namespace provisr::detail
