#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/own_process.hpp"
#include "lib/platform/linux/proc_text.hpp"

extern "C" {
// Exists in glibc; other C libraries have one heap.
int provisr_set_malloc_option(int option, int value) noexcept __asm__("mallopt")
    __attribute__((weak));
}

namespace provisr::daemon {

std::optional<std::uint64_t> own_heap_bytes() {
  return linux_platform::parse_status_bytes(text_of("/proc/self/status"), "RssAnon");
}

void share_one_heap() noexcept {
  constexpr int arena_max = -8;  // M_ARENA_MAX of glibc's malloc.h
  if (provisr_set_malloc_option != nullptr) provisr_set_malloc_option(arena_max, 1);
}

}  // namespace provisr::daemon
