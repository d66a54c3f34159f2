#include "daemon/platform/linux/oom_counter.hpp"

#include "daemon/platform/linux/cgroup_text.hpp"
#include "daemon/platform/linux/file_text.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

/// The end of a killed child is noticed within this time.
constexpr std::chrono::seconds patience{1};
/// The same for a process that is not a child, which is checked once a second.
constexpr std::chrono::seconds patience_for_others{3};
/// If the previous check is older than this, a kill may have hit any process at any time.
constexpr std::chrono::seconds latest_look{15};

/// Returns the number after `key`; empty if there is none.
[[nodiscard]] std::optional<std::uint64_t> number_after(std::string_view key, std::string_view text,
                                                        int base) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed =
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number, base);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// Returns the number of OOM kills; empty if the kernel does not count them.
[[nodiscard]] std::optional<std::uint64_t> count_in(const fs::path& file_name) {
  return number_after("\noom_kill ", "\n" + text_of(file_name), 10);
}

/// Returns whether SIGKILL is pending for the first thread (proc_pid_status(5)).
[[nodiscard]] bool has_pending_kill(const std::string& status) {
  const std::uint64_t pending = number_after("\nSigPnd:\t", status, 16).value_or(0);
  return (pending >> (SIGKILL - 1) & 1) != 0;
}

/// Returns 0 if the folder is gone.
[[nodiscard]] std::uint64_t inode_of(const fs::path& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 ? std::uint64_t{status.st_ino} : 0;
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
    // Version 1 reports "/" for a zombie; assume that it was in this program's cgroup.
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
  take_notices(now);
  read_kernel_log(now);
  const auto own = kills_.find(own_file_);
  if (own != kills_.end()) look_at(own->first, own->second, now);
}

void OomCounter::look_at(const fs::path& file, Kills& kills, TimePoint now) {
  const std::uint64_t count = count_in(file).value_or(kills.seen);
  const bool is_known_to_end = now - kills.looked_at <= latest_look;
  const bool has_new = count > kills.seen && is_known_to_end;
  if (has_new || kills.left > 0) remember_ending(file, kills, now);
  if (now - kills.seen_at > (file == own_file_ ? patience : patience_for_others)) kills.left = 0;
  if (has_new) kills.left += count - kills.seen;
  if (count > kills.seen) kills.seen_at = now;
  kills.seen = std::max(kills.seen, count);
  kills.looked_at = now;
}

/// Remembers the processes of the cgroup that are ending: among them are the victims. Searches once
/// a second at most, however many end at once.
void OomCounter::remember_ending(const fs::path& file, Kills& kills, TimePoint now) {
  if (now - kills.searched_at < patience) return;
  kills.searched_at = now;
  std::ifstream processes(file.parent_path() / "cgroup.procs");
  for (pid_t pid = 0; processes >> pid;) {
    if (pid > 0 && is_ending(pid)) victims_.try_emplace(pid, now);
  }
}

/// Returns whether the process has been sent SIGKILL, or is past that.
bool OomCounter::is_ending(pid_t pid) const {
  const fs::path folder = roots_.proc / std::to_string(pid);
  const auto stat = linux_platform::parse_stat(text_of(folder / "stat"));
  if (!stat || stat->leader_has_ended()) return false;
  return stat->is_ending() || has_pending_kill(text_of(folder / "status"));
}

void OomCounter::forget_victims(TimePoint now) {
  std::erase_if(victims_, [&](const auto& victim) {
    std::error_code ignored;
    return now - victim.second > patience_for_others &&
           !fs::exists(roots_.proc / std::to_string(victim.first), ignored);
  });
}

bool OomCounter::explains_end_of(pid_t pid, TimePoint now) {
  const auto known = kills_.find(count_file_of(pid));
  if (known == kills_.end()) return false;
  take_notices(now);
  look_at(known->first, known->second, now);
  return take_one(known->second, pid);
}

/// A victim that was remembered ends after its kill was forgotten, or before.
bool OomCounter::take_one(Kills& kills, pid_t victim) {
  const bool is_remembered = victims_.erase(victim) > 0;
  if (kills.left == 0) return is_remembered;
  --kills.left;
  return true;
}

fs::path OomCounter::watch(pid_t pid, TimePoint now) {
  if (!kernel_log_) kernel_log_.emplace(roots_.kernel_log);
  const fs::path file = count_file_of(pid);
  const auto count = file.filename() == "memory.events.local" ? count_in(file) : std::nullopt;
  if (!count) return {};
  take_notices(now);
  Kills& kills = kills_.try_emplace(file, Kills{.seen = *count, .looked_at = now}).first->second;
  ++kills.watchers;
  const std::uint64_t cgroup_id = inode_of(file.parent_path());
  if (kills.notice < 0 || kills.cgroup_id != cgroup_id) count_anew(file, kills, now);
  kills.cgroup_id = cgroup_id;
  if (kills.notice >= 0) return file;
  forget(file);
  return {};
}

/// Begins with a cgroup, which may be a new one of a name that is watched already.
void OomCounter::count_anew(const fs::path& file, Kills& kills, TimePoint now) {
  if (!notices_) {
    notices_ = posix_platform::FileDescriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  }
  if (kills.notice >= 0) {
    kills.seen = count_in(file).value_or(0);
    kills.left = 0;
    kills.looked_at = now;
  }
  kills.notice = ::inotify_add_watch(notices_.get(), file.c_str(), IN_MODIFY);
}

bool OomCounter::logs_kill_of(pid_t pid, TimePoint now) {
  read_kernel_log(now);
  return victims_.erase(pid) > 0;
}

void OomCounter::read_kernel_log(TimePoint now) {
  forget_victims(now);
  if (!kernel_log_) return;
  for (const pid_t victim : kernel_log_->take_oom_victims()) victims_[victim] = now;
}

void OomCounter::forget(const fs::path& file) {
  const auto known = kills_.find(file);
  if (known == kills_.end() || --known->second.watchers > 0) return;
  if (known->second.notice >= 0) ::inotify_rm_watch(notices_.get(), known->second.notice);
  known->second.notice = -1;
  if (file != own_file_) kills_.erase(known);
}

/// If a count file has no notice, its count has not changed.
void OomCounter::take_notices(TimePoint now) {
  std::set<int> changed;
  alignas(inotify_event) std::array<char, 4096> bytes{};
  ssize_t size = 0;
  while (notices_ && (size = ::read(notices_.get(), bytes.data(), bytes.size())) > 0) {
    for (const char* next = bytes.data(); next < bytes.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, next, sizeof event);
      changed.insert(event.wd);
      next += sizeof event + event.len;
    }
  }
  for (auto& [file, kills] : kills_) {
    if (kills.notice < 0) continue;
    kills.looked_at = std::max(kills.looked_at, noticed_at_);
    if (changed.contains(kills.notice)) look_at(file, kills, now);
  }
  noticed_at_ = now;
}

bool OomCounter::explains_end_in(const fs::path& file, const End& end, TimePoint now) {
  const bool is_in_log = logs_kill_of(end.pid, now);
  const auto known = kills_.find(file);
  if (known == kills_.end() || known->second.cgroup_id != end.cgroup_id) return is_in_log;
  take_notices(now);
  look_at(file, known->second, now);
  return take_one(known->second, end.pid) || is_in_log;
}

}  // namespace provisr::daemon
