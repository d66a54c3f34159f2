#pragma once

#include <fmt/format.h>

#include <signal.h>
#include <stdexcept>
#include <sys/types.h>

namespace provisr::test {

/// Signals one process. Throws std::logic_error if `pid` is not positive: kill() would signal a
/// process group or all processes, for example those that run the tests.
inline void send_signal(long long pid, int number) {
  if (pid <= 0) throw std::logic_error(fmt::format("{} is no process to signal", pid));
  ::kill(static_cast<pid_t>(pid), number);
}

}  // namespace provisr::test
