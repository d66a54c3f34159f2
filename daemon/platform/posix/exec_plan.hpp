#pragma once

#include "daemon/platform/child_process.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Whether a program of this name is looked for in PATH.
[[nodiscard]] inline bool is_searched(std::string_view program) {
  return program.find('/') == std::string_view::npos;
}

/// A command in the form that execve takes, prepared before the fork: between fork and exec,
/// allocation is not allowed.
class ExecPlan {
 public:
  /// `mark` is one more entry of the environment.
  ExecPlan(const ChildCommand& command, const std::string& mark);
  ExecPlan(const ExecPlan&) = delete;
  ExecPlan& operator=(const ExecPlan&) = delete;

  [[nodiscard]] const char* work_dir() const noexcept;  ///< null: stay

  /// Replaces this process by the program; returns errno on failure. As execvp does,
  /// it takes the first of the places in PATH that has the program. Async-signal-safe.
  [[nodiscard]] int execute() const noexcept;

 private:
  bool searches_path_;
  std::string work_dir_;
  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::vector<std::string> files_;  ///< where the program may be
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

}  // namespace provisr::daemon
