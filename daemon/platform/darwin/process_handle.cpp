#include "daemon/platform/process_handle.hpp"

namespace provisr::daemon {

std::unique_ptr<ProcessHandle> ProcessHandle::open(ProcessId /*pid*/) {
  return nullptr;  // only the parent learns how a process ended
}

}  // namespace provisr::daemon
