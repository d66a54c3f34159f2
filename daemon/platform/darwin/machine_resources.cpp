#include "daemon/platform/machine_resources.hpp"

#include <cstddef>
#include <sys/sysctl.h>

namespace provisr::daemon {
namespace {

template <class T>
[[nodiscard]] std::optional<T> system_value(const char* name) {
  T value{};
  std::size_t size = sizeof value;
  if (::sysctlbyname(name, &value, &size, nullptr, 0) != 0 || size != sizeof value) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

MachineResources machine_resources() {
  MachineResources resources{.cpus = {}, .memory_bytes = system_value<std::uint64_t>("hw.memsize")};
  if (const auto cpus = system_value<std::int32_t>("hw.logicalcpu")) resources.cpus = *cpus;
  return resources;
}

}  // namespace provisr::daemon
