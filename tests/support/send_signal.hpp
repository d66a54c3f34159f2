#pragma once

#include <fmt/format.h>

#include <signal.h>
#include <stdexcept>
#include <sys/types.h>

namespace provisr::test {

/// Signals one process. Throws for what kill() takes as a group or as every process there is: a
/// PID that is not known yet must not end the tests and all that runs them.
inline void send_signal(long long pid, int number) {
  if (pid <= 0) throw std::logic_error(fmt::format("{} is no process to signal", pid));
  ::kill(static_cast<pid_t>(pid), number);
}

}  // namespace provisr::test
