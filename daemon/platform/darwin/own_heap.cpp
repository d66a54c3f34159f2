#include "daemon/platform/own_process.hpp"

#include <malloc/malloc.h>

namespace provisr::daemon {

std::optional<std::uint64_t> own_heap_bytes() {
  malloc_statistics_t statistics{};
  malloc_zone_statistics(nullptr, &statistics);
  return statistics.size_in_use;
}

void share_one_heap() noexcept {}

void release_unused_code() noexcept {}

}  // namespace provisr::daemon
