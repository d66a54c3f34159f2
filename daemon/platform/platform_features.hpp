#pragma once

namespace provisr::daemon {

/// Differences between systems that a configuration can notice.
struct PlatformFeatures {
  bool has_unix_sockets;  ///< for `listen = "unix:/path"`
  /// /bin/sh is available for a `command` that only a shell understands. Without it, a backslash in
  /// a `command` is an ordinary character unless a quote follows.
  bool has_posix_shell;
};

/// Returns the features of this system.
[[nodiscard]] PlatformFeatures platform_features() noexcept;

}  // namespace provisr::daemon
