#include "daemon/platform/linux/proc_processes.hpp"

#include "daemon/platform/linux/file_text.hpp"
#include "lib/platform/linux/proc_directory.hpp"

#include <charconv>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <system_error>

namespace provisr::daemon {
namespace {

/// Returns 0 if the name is not a process id.
[[nodiscard]] pid_t pid_of(std::string_view name) {
  pid_t pid = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, pid);
  return error == std::errc{} && rest == end ? pid : 0;
}

}  // namespace

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const posix_platform::FileDescriptor directory(
      ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  linux_platform::DirectoryReader reader(directory.get());
  while (const auto name = reader.next()) {
    if (const pid_t pid = pid_of(*name); pid > 0) pids.push_back(pid);
  }
  return pids;
}

std::optional<linux_platform::Stat> stat_of(pid_t pid) {
  return linux_platform::parse_stat(text_of("/proc/" + std::to_string(pid) + "/stat"));
}

}  // namespace provisr::daemon
