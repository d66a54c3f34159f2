#include "daemon/platform/orphan_origins.hpp"

#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/posix/launch_mark.hpp"

#include <charconv>
#include <cstddef>
#include <string_view>
#include <sys/types.h>
#include <system_error>

namespace provisr::daemon {
namespace {

/// Skips spaces, reads a number and moves `next` behind it.
[[nodiscard]] bool read_number(const char*& next, const char* end, ProcessId& number) {
  while (next != end && *next == ' ') ++next;
  const auto [rest, error] = std::from_chars(next, end, number);
  next = rest;
  return error == std::errc{};
}

}  // namespace

OriginSearch origins_of(const std::vector<ProcessId>& processes) {
  const std::vector<std::string> texts =
      environments().of(std::vector<pid_t>(processes.begin(), processes.end()));
  OriginSearch origins{.is_complete = !environments().lacks_thread()};
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const std::string_view mark = mark_in(texts[i]);
    if (mark.empty()) continue;
    origins.found.push_back({processes[i], std::string(mark.substr(mark_key.size()))});
  }
  return origins;
}

std::vector<ProcessId> children_of(ProcessId parent) {
  // The kernel makes orphans children of the first thread.
  const std::string number = std::to_string(parent);
  const std::string children = text_of("/proc/" + number + "/task/" + number + "/children");
  std::vector<ProcessId> pids;
  const char* next = children.data();
  const char* const end = next + children.size();
  for (ProcessId pid = 0; read_number(next, end, pid);) pids.push_back(pid);
  return pids;
}

}  // namespace provisr::daemon
