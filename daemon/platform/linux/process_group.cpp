#include "daemon/platform/posix/process_group.hpp"

#include "lib/platform/linux/proc_text.hpp"

#include <provisr/sampler.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <system_error>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

bool is_living_member(const fs::path& directory, pid_t group) {
  std::ifstream file(directory / "stat");
  std::array<char, 1024> text{};
  file.read(text.data(), text.size());
  const auto stat =
      linux_platform::parse_stat({text.data(), static_cast<std::size_t>(file.gcount())});
  return stat && stat->process_group == group && !stat->leader_has_ended();
}

/// Returns 0 if the entry is not a process.
pid_t pid_of(const fs::path& directory) {
  const std::string name = directory.filename().string();
  pid_t pid = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return error == std::errc{} && *rest == '\0' ? pid : 0;
}

pid_t search_proc(pid_t group) {
  std::error_code error;
  fs::directory_iterator entry("/proc", error);
  if (error) return group;  // no procfs: the signal is the only evidence
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const pid_t pid = pid_of(entry->path());
    if (pid != 0 && is_living_member(entry->path(), group)) return pid;
  }
  return error ? group : 0;
}

/// Whether /proc shows the PIDs that system calls return.
bool has_own_proc() {
  static const bool is_own =
      SamplingContext(SamplerOptions{.max_kept_descriptors = 0}).has_own_pids();
  return is_own;
}

}  // namespace

pid_t living_member(pid_t group, pid_t known) {
  if (kill(-group, 0) != 0 && errno == ESRCH) return 0;
  if (!has_own_proc()) return group;  // the signal is the only evidence
  if (known != 0 && is_living_member("/proc/" + std::to_string(known), group)) return known;
  return search_proc(group);
}

}  // namespace provisr::daemon
