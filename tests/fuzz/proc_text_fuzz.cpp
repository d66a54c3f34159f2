// Any text as a file of /proc/PID: it is parsed or refused, and never read beyond its end.
#include "lib/platform/linux/proc_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace provisr::linux_platform;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_statm(text));
  static_cast<void>(parse_stat(text));
  static_cast<void>(parse_status_bytes(text, "VmSwap"));
  static_cast<void>(parse_number(text, "read_bytes"));
  static_cast<void>(parse_soft_limit(text, "Max open files"));
  static_cast<void>(is_of_nested_pid_namespace(text));
  return 0;
}
