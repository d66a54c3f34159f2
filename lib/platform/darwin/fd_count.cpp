#include "lib/platform/darwin/fd_count.hpp"

#include <libproc.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

namespace provisr::darwin_platform {
namespace {

constexpr std::size_t first_size = 1024;
constexpr std::size_t largest_size = std::size_t{1} << 20U;

}  // namespace

Figure<std::uint32_t> FdCounter::count(pid_t pid) noexcept {
  for (;;) {
    if (list_.empty() && !grow()) return {};
    const auto room = static_cast<int>(list_.size() * sizeof(proc_fdinfo));
    errno = 0;
    const int filled = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, list_.data(), room);
    // 0 without an error means that the process has closed all descriptors.
    if (filled < 0 || (filled == 0 && errno != 0)) return {};
    // A list that fills the whole buffer may be truncated.
    if (filled < room) {
      return static_cast<std::uint32_t>(static_cast<std::size_t>(filled) / sizeof(proc_fdinfo));
    }
    if (!grow()) return {};
  }
}

bool FdCounter::grow() noexcept {
  errno = ENOMEM;
  if (list_.size() >= largest_size) return false;
  try {
    list_.resize(std::max(first_size, list_.size() * 2));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

}  // namespace provisr::darwin_platform
