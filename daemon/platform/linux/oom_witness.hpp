#pragma once

#include <cstdint>
#include <filesystem>
#include <sys/types.h>

namespace provisr::daemon {

/// Sees whether the kernel kills for lack of memory in the cgroup of a process that need not be a
/// child, from its making on, while that process lives. Thread-safe.
class OomWitness {
 public:
  explicit OomWitness(pid_t pid);
  ~OomWitness();
  OomWitness(const OomWitness&) = delete;
  OomWitness& operator=(const OomWitness&) = delete;

  /// Whether that explains an end by SIGKILL in the cgroup that has this id, where it ended. Each
  /// kill explains one end. False if the system does not tell.
  [[nodiscard]] bool explains_end_in(std::uint64_t cgroup_id) const;

 private:
  std::filesystem::path file_;
};

}  // namespace provisr::daemon
