#pragma once

namespace provisr::daemon {

/// Like accept(2), but the descriptor is non-blocking and close-on-exec.
[[nodiscard]] int accept_prepared(int listener) noexcept;

/// Flags for send(2): a lost connection causes an error, not a signal.
extern const int send_flags;

}  // namespace provisr::daemon
