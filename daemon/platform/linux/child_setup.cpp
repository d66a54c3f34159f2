#include "daemon/platform/posix/child_setup.hpp"

#include <signal.h>
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

}  // namespace

pid_t fork_without_handlers() noexcept {
  const bool has_bare_fork = provisr_bare_fork != nullptr && provisr_thread_sanitizer == nullptr;
  return has_bare_fork ? provisr_bare_fork() : fork();
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
