#pragma once

#include <string>

namespace provisr::daemon {

/// How a process ended: by an exit code, or by a signal if `signal` is not 0.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  bool has_dumped_core = false;
  bool was_oom_kill = false;  ///< killed by the kernel's OOM killer; false if unknown

  [[nodiscard]] bool success() const { return code == 0 && signal == 0; }
  /// The exit status as a shell reports it: the code, or 128 + signal.
  [[nodiscard]] int shell_code() const { return signal != 0 ? 128 + signal : code; }
  /// Returns "exit code 3", "signal 9 (Killed)", "signal 9 (Killed, out of memory)" or "signal 6
  /// (Aborted, core dumped)".
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

}  // namespace provisr::daemon
