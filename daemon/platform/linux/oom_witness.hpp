#pragma once

#include <cstdint>
#include <filesystem>
#include <sys/types.h>

namespace provisr::daemon {

/// Watches for OOM kills in the cgroup of a process that need not be a child. Create it while the
/// process lives. Thread-safe.
class OomWitness {
 public:
  explicit OomWitness(pid_t pid);
  ~OomWitness();
  OomWitness(const OomWitness&) = delete;
  OomWitness& operator=(const OomWitness&) = delete;

  /// Whether an OOM kill explains an end by SIGKILL in the cgroup with this ID, in which the
  /// process ended. Each kill explains one end. False if the system does not report it.
  [[nodiscard]] bool explains_end_in(std::uint64_t cgroup_id) const;

  /// Whether the kernel's log says that it killed the process. True once.
  [[nodiscard]] bool is_logged() const;

 private:
  pid_t pid_;
  std::filesystem::path file_;
};

}  // namespace provisr::daemon
