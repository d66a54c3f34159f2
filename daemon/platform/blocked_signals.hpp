#pragma once

#include <memory>

namespace provisr::daemon {

/// Blocks the signals that come from outside in this thread while it exists. A thread that is
/// started meanwhile inherits that, and so never takes a signal that another thread waits for.
/// Those that a thread brings upon itself, such as SIGBUS, are not blocked: their handlers must
/// run. Implemented in daemon/platform; a no-op on Windows.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  struct Mask;
  std::unique_ptr<Mask> before_;
};

}  // namespace provisr::daemon
