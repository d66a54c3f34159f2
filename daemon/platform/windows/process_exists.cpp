#include "daemon/platform/process_exists.hpp"

namespace provisr::daemon {

bool process_exists(ProcessId /*pid*/) {
  return false;
}

}  // namespace provisr::daemon
