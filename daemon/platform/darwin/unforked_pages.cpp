#include "daemon/platform/posix/unforked_pages.hpp"

#include <mach/vm_inherit.h>

#include <sys/mman.h>

namespace provisr::posix_platform {

void leave_out_of_forks(std::span<std::byte> pages) noexcept {
  ::minherit(pages.data(), pages.size(), VM_INHERIT_NONE);
}

}  // namespace provisr::posix_platform
