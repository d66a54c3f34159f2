#pragma once

namespace provisr::detail {

/// Has the processor fetch what will soon be written, where the compiler knows how to ask for it.
inline void prefetch_for_write([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace provisr::detail
