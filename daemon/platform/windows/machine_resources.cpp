#include "daemon/platform/machine_resources.hpp"

#include "lib/platform/windows/windows_api.hpp"

namespace provisr::daemon {

MachineResources machine_resources() {
  MachineResources resources;
  if (const DWORD cpus = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS); cpus > 0) {
    resources.cpus = static_cast<double>(cpus);
  }
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  if (GlobalMemoryStatusEx(&memory) != 0) resources.memory_bytes = memory.ullTotalPhys;
  return resources;
}

}  // namespace provisr::daemon
