#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/posix/launch_mark.hpp"

#include <charconv>
#include <cstddef>
#include <exception>
#include <set>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

/// Skips spaces, reads a number and moves `next` behind it.
[[nodiscard]] bool read_number(const char*& next, const char* end, pid_t& number) {
  while (next != end && *next == ' ') ++next;
  const auto [rest, error] = std::from_chars(next, end, number);
  next = rest;
  return error == std::errc{};
}

/// Adopters and marks of orphans that a search is to kill.
using DoomedOrphans = std::set<std::pair<pid_t, std::string>>;

[[nodiscard]] DoomedOrphans& doomed_orphans() {
  static DoomedOrphans orphans;
  return orphans;
}

[[nodiscard]] std::vector<pid_t> children_of(pid_t parent) {
  // The kernel makes orphans children of the first thread.
  const std::string number = std::to_string(parent);
  const std::string children = text_of("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> pids;
  const char* next = children.data();
  const char* const end = next + children.size();
  for (pid_t pid = 0; read_number(next, end, pid);) pids.push_back(pid);
  return pids;
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

OrphanSearch search_orphans(pid_t adopter, std::string_view mark,
                            const std::unordered_set<pid_t>& started) {
  std::vector<pid_t> candidates = children_of(adopter);
  std::erase_if(candidates, [&](pid_t pid) { return started.contains(pid); });
  const std::vector<std::string> texts = environments().of(candidates);
  OrphanSearch search{.is_complete = !environments().lacks_thread()};
  DoomedOrphans& doomed = doomed_orphans();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string_view its_mark = mark_in(texts[i]);
    if (its_mark == mark) search.found.push_back(candidates[i]);
    const bool is_doomed = !doomed.empty() && doomed.contains({adopter, std::string(its_mark)});
    if (is_doomed) signal_orphan(candidates[i], SIGKILL);
  }
  if (search.is_complete)
    std::erase_if(doomed, [&](const auto& one) { return one.first == adopter; });
  return search;
}

void kill_orphans_later(pid_t adopter, std::string_view mark) noexcept {
  try {
    doomed_orphans().emplace(adopter, mark);
  } catch (const std::exception&) {  // out of memory
  }
}

void signal_orphan(pid_t orphan, int signal) noexcept {
  if (::kill(-orphan, signal) != 0) ::kill(orphan, signal);
}

}  // namespace provisr::daemon
