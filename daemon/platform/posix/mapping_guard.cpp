#include "daemon/platform/posix/mapping_guard.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <signal.h>
#include <sys/mman.h>

namespace provisr::posix_platform {

/// A handler of signals may neither lock nor free: what it walks through is only ever added to. One
/// without memory is free for the next guard.
struct MappingGuard::Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> size{0};  ///< 0: free
  std::atomic<bool> is_lost{false};
  Range* next = nullptr;
};

namespace {

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
              std::atomic<std::size_t>::is_always_lock_free &&
              std::atomic<MappingGuard::Range*>::is_always_lock_free);

std::atomic<MappingGuard::Range*> first_range{nullptr};
struct sigaction action_before {};

/// False if the address is in no range, or if there are no pages to be had.
[[nodiscard]] bool replace_pages_at(std::uintptr_t address) noexcept {
  for (auto* range = first_range.load(); range != nullptr; range = range->next) {
    const std::size_t size = range->size.load();
    const std::uintptr_t begin = range->begin.load();
    if (address < begin || address - begin >= size) continue;
    range->is_lost.store(true);
    return ::mmap(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

/// After a return the access is made again: it succeeds, or meets the action of before.
void on_bus_error(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  if (!replace_pages_at(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    ::sigaction(SIGBUS, &action_before, nullptr);
  }
  errno = saved_errno;
}

void handle_bus_errors() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);  // a macro on macOS
  ::sigaction(SIGBUS, &action, &action_before);
}

[[nodiscard]] std::mutex& list_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// list_mutex() held. Ranges are never freed: there are as many as guards were there at once.
[[nodiscard]] MappingGuard::Range& free_range() {
  for (auto* range = first_range.load(); range != nullptr; range = range->next) {
    if (range->size.load() == 0) return *range;
  }
  auto range = std::make_unique<MappingGuard::Range>();
  range->next = first_range.load();
  first_range.store(range.get());
  return *range.release();
}

}  // namespace

MappingGuard::MappingGuard(std::span<std::byte> memory) {
  static std::once_flag once;
  std::call_once(once, handle_bus_errors);
  const std::lock_guard lock(list_mutex());
  range_ = &free_range();
  range_->is_lost.store(false);
  range_->begin.store(reinterpret_cast<std::uintptr_t>(memory.data()));
  range_->size.store(memory.size());
}

MappingGuard::~MappingGuard() {
  range_->size.store(0);
}

bool MappingGuard::is_lost() const noexcept {
  return range_->is_lost.load();
}

}  // namespace provisr::posix_platform
