#include "daemon/platform/posix/unforked_pages.hpp"

#include <sys/mman.h>

namespace provisr::posix_platform {

void leave_out_of_forks(std::span<std::byte> pages) noexcept {
  ::madvise(pages.data(), pages.size(), MADV_DONTFORK);
}

}  // namespace provisr::posix_platform
