#pragma once

#include <memory>

namespace provisr::daemon {

/// Blocks all signals in this thread while it exists. A thread that is started meanwhile inherits
/// that, and so never takes a signal that another thread waits for. Implemented in
/// daemon/platform; a no-op on Windows.
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
