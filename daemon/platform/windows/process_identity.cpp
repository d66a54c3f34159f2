#include "daemon/platform/process_identity.hpp"

namespace provisr::daemon {

std::optional<ProcessIdentity> identity_of(ProcessId /*pid*/) {
  return std::nullopt;
}

}  // namespace provisr::daemon
