#pragma once

#include "daemon/platform/child_process.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Whether a program with this name is searched in PATH.
[[nodiscard]] inline bool is_searched(std::string_view program) {
  return program.find('/') == std::string_view::npos;
}

/// A command in the form that execve takes. Prepared before the fork, because allocation is not
/// allowed between fork and exec.
class ExecPlan {
 public:
  /// `mark` is added to the environment.
  ExecPlan(const ChildCommand& command, const std::string& mark);
  ExecPlan(const ExecPlan&) = delete;
  ExecPlan& operator=(const ExecPlan&) = delete;

  [[nodiscard]] const char* work_dir() const noexcept;  ///< null: keep the current one

  /// Replaces this process with the program, the first one found in PATH, as execvp does. Returns
  /// errno on failure. Async-signal-safe.
  [[nodiscard]] int execute() const noexcept;

 private:
  bool searches_path_;
  std::string work_dir_;
  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::vector<std::string> files_;  ///< candidates for the program's file
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

}  // namespace provisr::daemon
