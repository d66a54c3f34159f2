#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/own_process.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// A debugger keeps its breakpoints in pages of the code, which would be lost.
[[nodiscard]] bool is_traced() noexcept {
  try {
    return linux_platform::parse_number(text_of("/proc/self/status"), "TracerPid").value_or(0) != 0;
  } catch (const std::bad_alloc&) {
    return true;
  }
}

/// Unmaps the whole pages of a segment. They have no other content than the file.
void release_segment(const dl_phdr_info& object, const ElfW(Phdr) & segment,
                     std::uintptr_t page_size) noexcept {
  if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) return;
  const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
  const std::uintptr_t first_page = (begin + page_size - 1) / page_size * page_size;
  const std::uintptr_t end = (begin + segment.p_memsz) / page_size * page_size;
  if (first_page >= end) return;
  madvise(reinterpret_cast<void*>(first_page), end - first_page, MADV_DONTNEED);
}

int release_object(dl_phdr_info* object, std::size_t /*size*/, void* /*context*/) noexcept {
  constexpr std::string_view kernel_object = "linux-vdso";
  if (std::string_view(object->dlpi_name).starts_with(kernel_object)) return 0;
  const auto page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    release_segment(*object, object->dlpi_phdr[i], page_size);
  }
  return 0;
}

}  // namespace

void release_unused_code() noexcept {
  if (!is_traced()) dl_iterate_phdr(release_object, nullptr);
}

}  // namespace provisr::daemon
