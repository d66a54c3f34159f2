#include "daemon/platform/exit_status.hpp"

#include <fmt/format.h>

namespace provisr::daemon {

std::string ExitStatus::to_string() const {
  // An unhandled exception ends a process with its NTSTATUS; errors start at 0xC0000000.
  constexpr unsigned first_error = 0xC000'0000U;
  constexpr unsigned control_c_exit = 0xC000'013AU;
  const auto status = static_cast<unsigned>(code);
  if (status == control_c_exit) return "Ctrl-C or Ctrl-Break";
  if (status >= first_error) return fmt::format("exception {:#010x}", status);
  return fmt::format("exit code {}", code);
}

}  // namespace provisr::daemon
