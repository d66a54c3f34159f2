#include "daemon/platform/posix/child_setup.hpp"

#include "daemon/platform/linux/file_text.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <new>
#include <signal.h>
#include <span>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
// Exists since glibc 2.34 and musl 1.2.2.
pid_t provisr_bare_fork() noexcept __asm__("_Fork") __attribute__((weak));
// Exists in programs built with the thread sanitizer, which intercepts only fork().
void provisr_thread_sanitizer() noexcept __asm__("__tsan_init") __attribute__((weak));
}

namespace provisr::daemon {
namespace {

/// Linux 5.9. Called by number because musl and older glibc have no wrapper.
bool close_range_from(int first) noexcept {
  return syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0;
}

using Address = std::uintptr_t;

/// Returns 0 if it is not known.
[[nodiscard]] Address find_heap() noexcept {
  Address begin = 0;
  try {
    const std::string maps = text_of("/proc/self/maps");
    const std::size_t name = maps.find("[heap]");
    if (name == std::string::npos) return 0;
    const std::size_t line = maps.rfind('\n', name) + 1;
    std::from_chars(maps.data() + line, maps.data() + name, begin, 16);
  } catch (const std::bad_alloc&) {  // then the heap is copied
  }
  return begin;
}

/// Excludes the heap that grows by brk(2) from forks during its lifetime.
class HeapLeftOut {
 public:
  HeapLeftOut() noexcept {
    static const Address begin = find_heap();
    const auto end = reinterpret_cast<Address>(sbrk(0));
    const auto variable_of_thread = reinterpret_cast<Address>(&errno);
    const bool holds_variables = begin <= variable_of_thread && variable_of_thread < end;
    if (begin == 0 || end <= begin || holds_variables) return;
    heap_ = reinterpret_cast<void*>(begin);
    size_ = end - begin;
    madvise(heap_, size_, MADV_DONTFORK);
  }
  ~HeapLeftOut() {
    if (heap_ != nullptr) madvise(heap_, size_, MADV_DOFORK);
  }
  HeapLeftOut(const HeapLeftOut&) = delete;
  HeapLeftOut& operator=(const HeapLeftOut&) = delete;

 private:
  void* heap_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

pid_t fork_for_exec() noexcept {
  const bool has_bare_fork = provisr_bare_fork != nullptr && provisr_thread_sanitizer == nullptr;
  if (!has_bare_fork) return fork();  // handlers of libraries use the heap
  const HeapLeftOut heap_left_out;
  return provisr_bare_fork();
}

/// By system calls: the functions of the C library change all threads that it knows, which are
/// those of the parent after a bare fork. The child would wait forever for one that began or ended
/// at the fork.
bool change_ids(uid_t user, gid_t group, std::span<const gid_t> groups) noexcept {
#ifdef SYS_setuid32  // where the plain calls have IDs of 16 bits
  constexpr long set_groups = SYS_setgroups32;
  constexpr long set_group = SYS_setgid32;
  constexpr long set_user = SYS_setuid32;
#else
  constexpr long set_groups = SYS_setgroups;
  constexpr long set_group = SYS_setgid;
  constexpr long set_user = SYS_setuid;
#endif
  return syscall(set_groups, groups.size(), groups.data()) == 0 && syscall(set_group, group) == 0 &&
         syscall(set_user, user) == 0;
}

bool end_with_parent(pid_t parent) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  return getppid() == parent;
}

void close_from(int first, int limit) noexcept {
  if (close_range_from(first)) return;
  for (int fd = first; fd < limit; ++fd) close(fd);
}

}  // namespace provisr::daemon
