#include "daemon/platform/posix/wait_status.hpp"

namespace provisr::daemon {

std::uint64_t peak_memory_of(const rusage& usage) noexcept {
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // getrusage(2): KiB
}

}  // namespace provisr::daemon
