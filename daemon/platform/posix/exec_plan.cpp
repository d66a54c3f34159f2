#include "daemon/platform/posix/exec_plan.hpp"

#include "daemon/base/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unistd.h>

// POSIX specifies it, but the program must declare it.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace provisr::daemon {
namespace {

std::string_view key_of(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

std::optional<std::string> value_of(const std::vector<std::string>& environment,
                                    std::string_view key) {
  for (const std::string& entry : environment) {
    if (key_of(entry) == key) return entry.substr(std::min(key.size() + 1, entry.size()));
  }
  return std::nullopt;
}

void set_entry(std::vector<std::string>& environment, const std::string& entry) {
  const auto same_key = [&](const std::string& other) { return key_of(other) == key_of(entry); };
  const auto found = std::find_if(environment.begin(), environment.end(), same_key);
  if (found != environment.end()) {
    *found = entry;
  } else {
    environment.push_back(entry);
  }
}

/// Sets the variables that a login of that user would set.
void set_account(std::vector<std::string>& environment, const UserAccount& account) {
  set_entry(environment, "HOME=" + account.home);
  set_entry(environment, "LOGNAME=" + account.name);
  set_entry(environment, "SHELL=" + account.shell);
  set_entry(environment, "USER=" + account.name);
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

std::vector<std::string> environment_of(const ChildCommand& command) {
  std::vector<std::string> merged;
  if (command.inherit_env) merged = own_environment();
  if (command.account) set_account(merged, *command.account);
  set_variables(command.env, {.get = [&](std::string_view name) { return value_of(merged, name); },
                              .set = [&](const std::string& entry) { set_entry(merged, entry); }});
  return merged;
}

std::string search_path(const std::vector<std::string>& environment) {
  return value_of(environment, "PATH").value_or("/usr/local/bin:/usr/bin:/bin");
}

/// An empty entry of PATH means the working directory.
std::vector<std::string> files_in_path(std::string_view path, const std::string& program) {
  std::vector<std::string> files;
  while (true) {
    const std::size_t end = path.find(':');
    const std::string_view directory = path.substr(0, end);
    files.push_back(fmt::format("{}/{}", directory.empty() ? "." : directory, program));
    if (end == std::string_view::npos) return files;
    path.remove_prefix(end + 1);
  }
}

/// The candidates for the program's file.
std::vector<std::string> files_of(const ChildCommand& command,
                                  const std::vector<std::string>& environment) {
  const std::string& program = command.argv.at(0);
  if (program.empty() || !is_searched(program)) return {program};
  return files_in_path(search_path(environment), program);
}

const char* copy_path(ForkArena& arena, const std::filesystem::path& path) {
  return path.empty() ? nullptr : arena.copy(path.native());
}

bool means_look_further(int error) noexcept {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
         error == ENAMETOOLONG;
}

}  // namespace

ExecPlan::ExecPlan(const ChildCommand& command, const std::string& mark)
    : searches_path_(is_searched(command.argv.at(0))),
      outlives_daemon_(command.outlives_daemon),
      work_dir_(copy_path(arena_, command.work_dir)),
      stdout_file_(copy_path(arena_, command.stdout_file)),
      stderr_file_(copy_path(arena_, command.stderr_file)),
      log_directory_(copy_path(arena_, command.log_directory)),
      arguments_(arena_.copy(command.argv)) {
  if (const auto& account = command.account) {
    account_ = {account->uid, account->gid, arena_.copy(account->groups)};
  }
  std::vector<std::string> environment = environment_of(command);
  set_entry(environment, mark);
  files_ = arena_.copy(files_of(command, environment));
  environment_ = arena_.copy(environment);
}

int ExecPlan::execute() const noexcept {
  int failure = ENOENT;
  for (char** file = files_; *file != nullptr; ++file) {
    execve(*file, arguments_, environment_);
    if (!means_look_further(errno)) return errno;
    // A file without execute permission is more informative than a missing one.
    if (failure != EACCES) failure = errno == ENOTDIR && searches_path_ ? ENOENT : errno;
  }
  return failure;
}

}  // namespace provisr::daemon
