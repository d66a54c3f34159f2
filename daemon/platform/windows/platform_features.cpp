#include "daemon/platform/platform_features.hpp"

namespace provisr::daemon {

PlatformFeatures platform_features() noexcept {
  return {.has_unix_sockets = false, .has_posix_shell = false};
}

}  // namespace provisr::daemon
