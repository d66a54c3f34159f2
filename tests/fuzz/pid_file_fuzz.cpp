// Any text as a pid file: it gives no PID, or a PID that a process can have.
#include "daemon/supervisor/pid_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pid = provisr::daemon::parse_pid({reinterpret_cast<const char*>(data), size});
  if (pid && *pid <= 0) std::abort();
  return 0;
}
