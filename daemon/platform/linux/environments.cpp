#include "daemon/platform/linux/environments.hpp"

#include "daemon/platform/blocked_signals.hpp"
#include "daemon/platform/linux/proc_processes.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_over(pid_t pid) {
  const auto stat = stat_of(pid);
  return !stat || stat->has_ended();
}

[[nodiscard]] std::string read_once(const std::string& name) {
  const posix_platform::FileDescriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> part{};
  while (file) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

/// Returns empty for a process of another user and for one that has ended. The file is also empty
/// for less than a millisecond while a process executes another program, so it is read again.
[[nodiscard]] std::string read_environment(pid_t pid) {
  constexpr int looks = 20;
  constexpr std::chrono::microseconds pause{100};
  const std::string file_name = "/proc/" + std::to_string(pid) + "/environ";
  std::string environment = read_once(file_name);
  for (int i = 1; i < looks && environment.empty() && !is_over(pid); ++i) {
    std::this_thread::sleep_for(pause);
    environment = read_once(file_name);
  }
  return environment;
}

[[nodiscard]] std::string read_or_nothing(const Environments::Read& read, pid_t pid) {
  try {
    return read(pid);
  } catch (const std::exception&) {  // out of memory
    return {};
  }
}

}  // namespace

/// State shared by the threads; kept alive by workers that are stuck.
struct Environments::Desk {
  [[nodiscard]] bool hangs(pid_t pid) const {
    return std::ranges::any_of(stuck, [pid](const auto& one) { return one.second == pid; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  std::vector<pid_t> pids;
  std::vector<std::string> texts;      ///< texts of the pids before `next`
  std::size_t next = 0;                ///< index of the pid being read
  std::size_t shift = 0;               ///< of the current worker; earlier ones were relieved
  std::map<std::size_t, pid_t> stuck;  ///< by shift: the process that blocks the worker
  bool is_closed = false;
};

Environments::Environments(Read read, std::chrono::milliseconds patience)
    : read_(std::move(read)), patience_(patience), desk_(std::make_shared<Desk>()) {}

Environments::~Environments() {
  const std::lock_guard lock(desk_->mutex);
  desk_->is_closed = true;
  desk_->changed.notify_all();
}

Environments& Environments::system() {
  static Environments environments(read_environment, std::chrono::milliseconds(500));
  return environments;
}

std::vector<std::string> Environments::of(const std::vector<pid_t>& pids) {
  std::vector<std::string> texts(pids.size());
  std::unique_lock lock(desk_->mutex);
  std::vector<std::size_t> asked;
  desk_->pids.clear();
  for (std::size_t i = 0; i < pids.size(); ++i) {
    if (desk_->hangs(pids[i])) continue;
    asked.push_back(i);
    desk_->pids.push_back(pids[i]);
  }
  desk_->texts.assign(asked.size(), {});
  desk_->next = 0;
  while (desk_->next < asked.size() && has_worker()) wait_for_next(lock);
  for (std::size_t i = 0; i < asked.size(); ++i) texts[asked[i]] = std::move(desk_->texts[i]);
  desk_->pids.clear();
  return texts;
}

/// Returns whether a worker is available; starts one if necessary. Requires desk_->mutex.
bool Environments::has_worker() {
  if (is_staffed_) return true;
  if (desk_->stuck.size() >= max_stuck) return false;
  try {
    const BlockedSignals blocked;
    std::thread(work, desk_, read_, desk_->shift).detach();
    is_staffed_ = true;
  } catch (const std::system_error&) {  // no thread is available
  }
  return is_staffed_;
}

/// Relieves a worker that takes too long.
void Environments::wait_for_next(std::unique_lock<std::mutex>& lock) {
  const std::size_t read = desk_->next;
  desk_->changed.notify_all();
  if (desk_->changed.wait_for(lock, patience_, [&] { return desk_->next != read; })) return;
  desk_->stuck[desk_->shift++] = desk_->pids[read];
  is_staffed_ = false;
  ++desk_->next;
}

void Environments::work(const std::shared_ptr<Desk>& desk, const Read& read, std::size_t shift) {
  std::unique_lock lock(desk->mutex);
  const auto is_relieved = [&] { return desk->is_closed || desk->shift != shift; };
  for (;;) {
    desk->changed.wait(lock, [&] { return is_relieved() || desk->next < desk->pids.size(); });
    if (is_relieved()) break;
    const pid_t pid = desk->pids[desk->next];
    lock.unlock();
    std::string text = read_or_nothing(read, pid);
    lock.lock();
    if (is_relieved()) break;
    desk->texts[desk->next++] = std::move(text);
    desk->changed.notify_all();
  }
  desk->stuck.erase(shift);
}

}  // namespace provisr::daemon
