#pragma once

#include <memory>

namespace provisr::daemon {

/// Blocks signals from outside in the current thread during its lifetime. Threads started meanwhile
/// inherit the mask, so they never take a signal that another thread waits for. Signals that a
/// thread raises itself, such as SIGBUS, stay unblocked because their handlers must run. A no-op on
/// Windows.
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
