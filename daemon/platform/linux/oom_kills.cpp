#include "daemon/platform/oom_kills.hpp"

#include "daemon/platform/linux/oom_counter.hpp"
#include "daemon/platform/linux/oom_witness.hpp"
#include "daemon/platform/posix/oom_kills.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] OomCounter::TimePoint steady_now() {
  return std::chrono::steady_clock::now();
}

/// The kernel's log has the PIDs of the initial PID namespace, whose inode is fixed.
[[nodiscard]] std::filesystem::path kernel_log() {
  constexpr ino_t initial = 0xEFFFFFFC;
  struct stat status {};
  const bool fits = ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == initial;
  return fits ? "/dev/kmsg" : "";
}

/// The counter for this program's children, shared by all threads.
class SharedCounter {
 public:
  SharedCounter() { counter_.begin(getpid(), steady_now()); }

  void look() {
    const std::lock_guard lock(mutex_);
    counter_.look(steady_now());
  }
  [[nodiscard]] bool explains_end_of(pid_t pid) {
    const std::lock_guard lock(mutex_);
    return counter_.explains_end_of(pid, steady_now());
  }
  [[nodiscard]] std::filesystem::path watch(pid_t pid) {
    const std::lock_guard lock(mutex_);
    return counter_.watch(pid, steady_now());
  }
  void forget(const std::filesystem::path& file) {
    const std::lock_guard lock(mutex_);
    counter_.forget(file);
  }
  [[nodiscard]] bool explains_end_in(const std::filesystem::path& file,
                                     const OomCounter::End& end) {
    const std::lock_guard lock(mutex_);
    return counter_.explains_end_in(file, end, steady_now());
  }

  [[nodiscard]] bool logs_kill_of(pid_t pid) {
    const std::lock_guard lock(mutex_);
    return counter_.logs_kill_of(pid, steady_now());
  }

 private:
  std::mutex mutex_;
  OomCounter counter_{{.kernel_log = kernel_log()}};
};

[[nodiscard]] SharedCounter& counter() {
  static SharedCounter counter;
  return counter;
}

}  // namespace

void check_for_oom_kills() {
  counter().look();
}

bool was_oom_kill(pid_t pid) {
  return counter().explains_end_of(pid);
}

OomWitness::OomWitness(pid_t pid) : pid_(pid), file_(counter().watch(pid)) {}

OomWitness::~OomWitness() {
  if (!file_.empty()) counter().forget(file_);
}

bool OomWitness::explains_end_in(std::uint64_t cgroup_id) const {
  return counter().explains_end_in(file_, {.pid = pid_, .cgroup_id = cgroup_id});
}

bool OomWitness::is_logged() const {
  return counter().logs_kill_of(pid_);
}

}  // namespace provisr::daemon
