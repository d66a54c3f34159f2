#pragma once

#include "daemon/platform/child_process.hpp"
#include "daemon/platform/posix/fork_arena.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Whether a program with this name is searched in PATH.
[[nodiscard]] inline bool is_searched(std::string_view program) {
  return program.find('/') == std::string_view::npos;
}

/// What a child does between fork and exec, prepared before the fork because the child must not
/// allocate. The child reads only this object and its arena, which fork_for_exec() copies.
class ExecPlan {
 public:
  struct Account {
    std::uint32_t uid;
    std::uint32_t gid;
    std::span<const std::uint32_t> groups;
  };

  /// `mark` is added to the environment.
  ExecPlan(const ChildCommand& command, const std::string& mark);
  ExecPlan(const ExecPlan&) = delete;
  ExecPlan& operator=(const ExecPlan&) = delete;

  // Paths are null if the command has none.
  [[nodiscard]] const char* work_dir() const noexcept { return work_dir_; }
  [[nodiscard]] const char* stdout_file() const noexcept { return stdout_file_; }
  [[nodiscard]] const char* stderr_file() const noexcept { return stderr_file_; }
  [[nodiscard]] const char* log_directory() const noexcept { return log_directory_; }

  /// Empty: the daemon's.
  [[nodiscard]] const std::optional<Account>& account() const noexcept { return account_; }

  [[nodiscard]] bool outlives_daemon() const noexcept { return outlives_daemon_; }

  /// Replaces this process with the program, the first one found in PATH, as execvp does. Returns
  /// errno on failure. Async-signal-safe.
  [[nodiscard]] int execute() const noexcept;

 private:
  ForkArena arena_;
  bool searches_path_;
  bool outlives_daemon_;
  const char* work_dir_;
  const char* stdout_file_;
  const char* stderr_file_;
  const char* log_directory_;
  std::optional<Account> account_;
  char** arguments_;
  char** environment_;
  char** files_;  ///< candidates for the program's file
};

}  // namespace provisr::daemon
