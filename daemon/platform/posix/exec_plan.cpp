#include "daemon/platform/posix/exec_plan.hpp"

#include "daemon/base/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
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

std::vector<char*> null_terminated(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool means_look_further(int error) noexcept {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
         error == ENAMETOOLONG;
}

}  // namespace

ExecPlan::ExecPlan(const ChildCommand& command, const std::string& mark)
    : searches_path_(is_searched(command.argv.at(0))),
      work_dir_(command.work_dir.string()),
      arguments_(command.argv),
      environment_(environment_of(command)) {
  set_entry(environment_, mark);
  const std::string& program = arguments_.front();
  files_ = searches_path_ && !program.empty() ? files_in_path(search_path(environment_), program)
                                              : std::vector<std::string>{program};
  argv_ = null_terminated(arguments_);
  envp_ = null_terminated(environment_);
}

const char* ExecPlan::work_dir() const noexcept {
  return work_dir_.empty() ? nullptr : work_dir_.c_str();
}

int ExecPlan::execute() const noexcept {
  int failure = ENOENT;
  for (const std::string& file : files_) {
    execve(file.c_str(), argv_.data(), envp_.data());
    if (!means_look_further(errno)) return errno;
    // A file without execute permission is more informative than a missing one.
    if (failure != EACCES) failure = errno == ENOTDIR && searches_path_ ? ENOENT : errno;
  }
  return failure;
}

}  // namespace provisr::daemon
