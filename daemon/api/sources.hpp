#pragma once

#include "daemon/supervisor/process_status.hpp"

#include <provisr/registry.hpp>

#include <functional>
#include <vector>

namespace provisr::daemon {

/// What the HTTP endpoints answer from.
struct Sources {
  const Registry& registry;
  /// False: collection is disabled, so that nothing is known but the status.
  bool is_collecting;
  std::function<std::vector<ProcessStatus>()> status;
};

}  // namespace provisr::daemon
