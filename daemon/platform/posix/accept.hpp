#pragma once

namespace provisr::daemon {

/// accept(2), with the descriptor non-blocking and closed by exec.
[[nodiscard]] int accept_prepared(int listener) noexcept;

/// For send(2): a lost connection is an error, not a signal.
extern const int send_flags;

}  // namespace provisr::daemon
