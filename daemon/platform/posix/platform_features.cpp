#include "daemon/platform/platform_features.hpp"

#include "daemon/platform/adopted_child.hpp"

namespace provisr::daemon {

PlatformFeatures platform_features() noexcept {
  return {.has_unix_sockets = true,
          .has_posix_shell = true,
          .can_adopt_children = can_adopt_children()};
}

}  // namespace provisr::daemon
