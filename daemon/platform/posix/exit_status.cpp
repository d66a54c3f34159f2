#include "daemon/platform/exit_status.hpp"

#include <fmt/format.h>

#include <cstring>

namespace provisr::daemon {

std::string ExitStatus::to_string() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  const char* const name = strsignal(signal);
  return fmt::format("signal {} ({}{}{})", signal, name == nullptr ? "unknown" : name,
                     has_dumped_core ? ", core dumped" : "", was_oom_kill ? ", out of memory" : "");
}

}  // namespace provisr::daemon
