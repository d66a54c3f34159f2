#include "daemon/platform/own_process.hpp"

#include <limits>
#include <sys/resource.h>
#include <unistd.h>

namespace provisr::daemon {

ProcessId own_process_id() {
  return ::getpid();
}

std::optional<std::uint64_t> own_virtual_memory_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(limit.rlim_cur);
}

}  // namespace provisr::daemon
