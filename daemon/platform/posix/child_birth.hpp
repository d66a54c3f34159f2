#pragma once

#include "daemon/platform/child_process.hpp"

#include <string>
#include <sys/types.h>

namespace provisr::daemon {

/// A failed step between fork and exec; the child writes it to the report pipe.
struct StepFailure {
  enum class Step { set_up, open_stdout, open_stderr, become_user, enter_work_dir, execute };

  Step step;
  int error;
};

/// The steps of a command from fork to exec.
class ChildBirth {
 public:
  explicit ChildBirth(ChildCommand command);
  ChildBirth(const ChildBirth&) = delete;
  ChildBirth& operator=(const ChildBirth&) = delete;

  /// Forks a child with `mark` in its environment. Returns its PID, or -1 with errno set. The child
  /// executes the program, which closes `report_pipe`, or writes one StepFailure to the pipe and
  /// ends.
  [[nodiscard]] pid_t fork_child(int report_pipe, const std::string& mark) const;

  [[nodiscard]] StartFailure describe(const StepFailure& failure) const;

 private:
  [[nodiscard]] std::string object_of(StepFailure::Step step, int error) const;

  ChildCommand command_;
};

}  // namespace provisr::daemon
