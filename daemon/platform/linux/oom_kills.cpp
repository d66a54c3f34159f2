#include "daemon/platform/posix/oom_kills.hpp"

#include "daemon/platform/linux/oom_counter.hpp"

#include <chrono>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Of the thread that starts the children.
[[nodiscard]] OomCounter& counter() {
  static OomCounter counter;
  return counter;
}

}  // namespace

void count_oom_kills() {
  static const bool has_begun = [] {
    counter().begin(getpid());
    return true;
  }();
  static_cast<void>(has_begun);
}

bool was_oom_kill(pid_t pid) {
  return counter().explains_end_of(pid, std::chrono::steady_clock::now());
}

}  // namespace provisr::daemon
