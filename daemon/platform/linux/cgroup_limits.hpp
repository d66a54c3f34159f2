#pragma once

#include "daemon/platform/machine_resources.hpp"

#include <filesystem>

namespace provisr::daemon {

/// Where the kernel shows this process and the cgroups; tests have folders of their own.
struct CgroupRoots {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// The lowest limits of the cgroup of this process and of all that it lies in, as far as they can
/// be seen; absent if there is none. Both versions of cgroups.
[[nodiscard]] MachineResources cgroup_limits(const CgroupRoots& roots = {});

/// `value` lowered to `other`; absent only if both are.
template <class T>
void lower_to(std::optional<T>& value, const std::optional<T>& other) {
  if (other && (!value || *other < *value)) value = other;
}

}  // namespace provisr::daemon
