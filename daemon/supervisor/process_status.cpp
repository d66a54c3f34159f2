#include "daemon/supervisor/process_status.hpp"

namespace provisr::daemon {

std::string_view to_text(ProcessKind kind) {
  switch (kind) {
    case ProcessKind::child:
      return "child";
    case ProcessKind::pid_file:
      return "pid_file";
    case ProcessKind::match:
      return "match";
  }
  return "unknown";
}

std::string_view to_text(ProcessState state) {
  switch (state) {
    case ProcessState::stopped:
      return "stopped";
    case ProcessState::starting:
      return "starting";
    case ProcessState::running:
      return "running";
    case ProcessState::backoff:
      return "backoff";
    case ProcessState::stopping:
      return "stopping";
    case ProcessState::exited:
      return "exited";
    case ProcessState::failed:
      return "failed";
    case ProcessState::absent:
      return "absent";
  }
  return "unknown";
}

}  // namespace provisr::daemon
