#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/posix/launch_mark.hpp"

#include <charconv>
#include <cstddef>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Skips spaces, reads a number and moves `next` behind it.
[[nodiscard]] bool read_number(const char*& next, const char* end, pid_t& number) {
  while (next != end && *next == ' ') ++next;
  const auto [rest, error] = std::from_chars(next, end, number);
  next = rest;
  return error == std::errc{};
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

std::vector<pid_t> marked_orphans(pid_t adopter, std::string_view mark,
                                  const std::unordered_set<pid_t>& started) {
  std::vector<pid_t> candidates;
  // The kernel makes orphans children of the first thread.
  const std::string number = std::to_string(adopter);
  const std::string children = text_of("/proc/" + number + "/task/" + number + "/children");
  const char* next = children.data();
  const char* const end = next + children.size();
  for (pid_t pid = 0; read_number(next, end, pid);) {
    if (!started.contains(pid)) candidates.push_back(pid);
  }
  std::vector<pid_t> orphans;
  const std::vector<std::string> texts = environments().of(candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (mark_in(texts[i]) == mark) orphans.push_back(candidates[i]);
  }
  return orphans;
}

void signal_orphan(pid_t orphan, int signal) noexcept {
  if (::kill(-orphan, signal) != 0) ::kill(orphan, signal);
}

}  // namespace provisr::daemon
