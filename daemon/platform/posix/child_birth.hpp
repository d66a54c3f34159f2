#pragma once

#include "daemon/platform/child_process.hpp"

#include <string>
#include <sys/types.h>

namespace provisr::daemon {

/// A step between fork and exec that failed; what the child writes to its report pipe.
struct StepFailure {
  enum class Step { set_up, open_stdout, open_stderr, become_user, enter_work_dir, execute };

  Step step;
  int error;
};

/// A command on its way from fork to exec.
class ChildBirth {
 public:
  explicit ChildBirth(ChildCommand command);
  ChildBirth(const ChildBirth&) = delete;
  ChildBirth& operator=(const ChildBirth&) = delete;

  /// Makes the process, with `mark` as an entry of its environment. It writes one StepFailure to
  /// `report_pipe` and ends, or executes the program, which closes the pipe. Returns its PID, or -1
  /// with errno set.
  [[nodiscard]] pid_t fork_child(int report_pipe, const std::string& mark) const;

  [[nodiscard]] StartFailure describe(const StepFailure& failure) const;

 private:
  struct Surroundings;

  [[noreturn]] void live(const Surroundings& around) const noexcept;
  [[nodiscard]] StepFailure become_program(const Surroundings& around) const noexcept;
  [[nodiscard]] std::string object_of(StepFailure::Step step, int error) const;

  ChildCommand command_;
};

}  // namespace provisr::daemon
