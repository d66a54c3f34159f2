#include "daemon/platform/own_process.hpp"

#include "lib/platform/windows/windows_api.hpp"

#include <psapi.h>

namespace provisr::daemon {

ProcessId own_process_id() {
  return static_cast<ProcessId>(GetCurrentProcessId());
}

std::optional<std::uint64_t> own_virtual_memory_limit() {
  return std::nullopt;
}

std::optional<std::uint64_t> own_heap_bytes() {
  PROCESS_MEMORY_COUNTERS_EX counters{};
  counters.cb = sizeof counters;
  auto* const generic = reinterpret_cast<PROCESS_MEMORY_COUNTERS*>(&counters);
  if (K32GetProcessMemoryInfo(GetCurrentProcess(), generic, sizeof counters) == 0) {
    return std::nullopt;
  }
  return counters.PrivateUsage;
}

void share_one_heap() noexcept {}

void release_unused_code() noexcept {}

}  // namespace provisr::daemon
