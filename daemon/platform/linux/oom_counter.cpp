#include "daemon/platform/linux/oom_counter.hpp"

#include "daemon/platform/linux/cgroup_text.hpp"
#include "daemon/platform/linux/file_text.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

/// How long after a kill the end of its victim may be noticed.
constexpr std::chrono::seconds patience{1};
/// A kill since a look that is older may have been of anybody, at any time.
constexpr std::chrono::seconds latest_look{15};

/// The number behind "oom_kill "; empty if the kernel does not count.
[[nodiscard]] std::optional<std::uint64_t> count_in(const fs::path& file_name) {
  std::ifstream file(file_name);
  std::string key;
  std::uint64_t value = 0;
  while (file >> key >> value) {
    if (key == "oom_kill") return value;
  }
  return std::nullopt;
}

}  // namespace

OomCounter::OomCounter(Roots roots) : roots_(std::move(roots)) {}

fs::path OomCounter::count_file_of(pid_t pid) const {
  const std::string text = text_of(roots_.proc / std::to_string(pid) / "cgroup");
  const auto below = [](const fs::path& mount, std::string_view path) {
    return mount / fs::path(path).relative_path();
  };
  std::error_code ignored;
  if (const auto path = cgroup_path(text, "memory")) {
    // Of a zombie version 1 says that; it was where this program is.
    if (*path == "/" && !own_file_.empty()) return own_file_;
    return below(roots_.cgroup / "memory", *path) / "memory.oom_control";
  }
  const auto path = cgroup_path(text, "");
  if (!path) return {};
  const fs::path folder = below(roots_.cgroup, *path);
  for (const char* const name : {"memory.events.local", "memory.events"}) {
    if (fs::exists(folder / name, ignored)) return folder / name;
  }
  return {};
}

void OomCounter::begin(pid_t own_pid, TimePoint now) {
  own_file_ = count_file_of(own_pid);
  if (const auto count = count_in(own_file_))
    kills_[own_file_] = {.seen = *count, .looked_at = now};
}

void OomCounter::look(TimePoint now) {
  if (now < next_look_) return;
  next_look_ = now + patience;
  for (auto& [file, kills] : kills_) look_at(file, kills, now);
}

void OomCounter::look_at(const fs::path& file, Kills& kills, TimePoint now) {
  const std::uint64_t count = count_in(file).value_or(kills.seen);
  if (now - kills.seen_at > patience) kills.left = 0;
  if (count > kills.seen) {
    kills.left += now - kills.looked_at <= latest_look ? count - kills.seen : 0;
    kills.seen = count;
    kills.seen_at = now;
  }
  kills.looked_at = now;
}

bool OomCounter::explains_end_of(pid_t pid, TimePoint now) {
  const auto known = kills_.find(count_file_of(pid));
  if (known == kills_.end()) return false;
  Kills& kills = known->second;
  look_at(known->first, kills, now);
  if (kills.left == 0) return false;
  --kills.left;
  return true;
}

}  // namespace provisr::daemon
