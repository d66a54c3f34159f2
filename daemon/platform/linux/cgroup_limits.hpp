#pragma once

#include "daemon/platform/machine_resources.hpp"

#include <filesystem>

namespace provisr::daemon {

/// Where the kernel shows this process and the cgroups; tests use their own folders.
struct CgroupRoots {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// Returns the lowest limits of this process's cgroup and all visible parent cgroups; absent if
/// there are none. Supports both versions of cgroups.
[[nodiscard]] MachineResources cgroup_limits(const CgroupRoots& roots = {});

/// Lowers `value` to `other`; the result is absent only if both are.
template <class T>
void lower_to(std::optional<T>& value, const std::optional<T>& other) {
  if (other && (!value || *other < *value)) value = other;
}

}  // namespace provisr::daemon
