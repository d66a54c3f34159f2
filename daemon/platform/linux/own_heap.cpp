#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/own_process.hpp"
#include "lib/platform/linux/proc_text.hpp"

namespace provisr::daemon {

std::optional<std::uint64_t> own_heap_bytes() {
  return linux_platform::parse_status_bytes(text_of("/proc/self/status"), "RssAnon");
}

}  // namespace provisr::daemon
