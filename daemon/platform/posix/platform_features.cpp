#include "daemon/platform/platform_features.hpp"

namespace provisr::daemon {

PlatformFeatures platform_features() noexcept {
  return {.has_unix_sockets = true, .has_posix_shell = true};
}

}  // namespace provisr::daemon
