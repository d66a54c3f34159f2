#include "daemon/platform/process_identity.hpp"

#include "daemon/platform/linux/file_text.hpp"
#include "daemon/platform/linux/proc_processes.hpp"

#include <string>
#include <sys/stat.h>

namespace provisr::daemon {
namespace {

/// The parts of an identity that all visible processes share.
struct Surroundings {
  std::array<char, 40> boot{};
  std::uint64_t pid_namespace = 0;
};

[[nodiscard]] Surroundings find_surroundings() {
  Surroundings found;
  const std::string boot = text_of("/proc/sys/kernel/random/boot_id");
  boot.copy(found.boot.data(), found.boot.size() - 1, 0);
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) == 0) found.pid_namespace = status.st_ino;
  return found;
}

}  // namespace

std::optional<ProcessIdentity> identity_of(ProcessId pid) {
  static const Surroundings shared = find_surroundings();
  if (shared.boot.front() == '\0') return std::nullopt;
  const auto stat = stat_of(static_cast<pid_t>(pid));
  if (!stat) return std::nullopt;
  return ProcessIdentity{pid, stat->start_clock_ticks, shared.pid_namespace, shared.boot};
}

}  // namespace provisr::daemon
