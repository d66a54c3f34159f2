#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/process_metrics.hpp>

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace provisr::daemon {

/// Empty, with errno set, if there is no such process, the kernel has no pidfds (before Linux 5.3),
/// or a seccomp filter forbids the call.
[[nodiscard]] inline posix_platform::FileDescriptor open_pidfd(ProcessId pid) noexcept {
  return posix_platform::FileDescriptor(
      static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U)));
}

/// Signals the process itself, even if its PID is reused meanwhile.
inline void send_signal_to(const posix_platform::FileDescriptor& pidfd, int signal) noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U);
}

}  // namespace provisr::daemon
