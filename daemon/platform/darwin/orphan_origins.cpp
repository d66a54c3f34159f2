#include "daemon/platform/orphan_origins.hpp"

namespace provisr::daemon {

OriginSearch origins_of(const std::vector<ProcessId>& /*processes*/) {
  return {};
}

std::vector<ProcessId> children_of(ProcessId /*parent*/) {
  return {};
}

}  // namespace provisr::daemon
