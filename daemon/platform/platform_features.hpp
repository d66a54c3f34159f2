#pragma once

namespace provisr::daemon {

/// What systems differ in, as far as a configuration shows it.
struct PlatformFeatures {
  bool has_unix_sockets;  ///< for `listen = "unix:/path"`
  /// /bin/sh, for a `command` that only a shell understands. Where there is none, a backslash in
  /// a `command` is a backslash and quotes nothing but a quote.
  bool has_posix_shell;
};

/// Those of this system. Implemented in daemon/platform.
[[nodiscard]] PlatformFeatures platform_features() noexcept;

}  // namespace provisr::daemon
