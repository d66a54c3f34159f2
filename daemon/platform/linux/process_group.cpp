#include "daemon/platform/posix/process_group.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <string>
#include <system_error>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

/// proc_pid_stat(5): "pid (comm) state ppid pgrp ...", where comm may hold anything.
bool is_living_member(const fs::path& directory, pid_t group) {
  std::ifstream file(directory / "stat");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  char state = 0;
  pid_t parent = 0;
  pid_t its_group = 0;
  fields >> state >> parent >> its_group;
  return its_group == group && state != 'Z' && state != 'X';
}

/// 0 for what is no process.
pid_t pid_of(const fs::path& directory) {
  const std::string name = directory.filename().string();
  pid_t pid = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return error == std::errc{} && *rest == '\0' ? pid : 0;
}

pid_t search_proc(pid_t group) {
  std::error_code error;
  fs::directory_iterator entry("/proc", error);
  if (error) return group;  // nothing to go by but the signal
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const pid_t pid = pid_of(entry->path());
    if (pid != 0 && is_living_member(entry->path(), group)) return pid;
  }
  return error ? group : 0;
}

}  // namespace

pid_t living_member(pid_t group, pid_t known) {
  if (kill(-group, 0) != 0 && errno == ESRCH) return 0;
  if (known != 0 && is_living_member("/proc/" + std::to_string(known), group)) return known;
  return search_proc(group);
}

}  // namespace provisr::daemon
