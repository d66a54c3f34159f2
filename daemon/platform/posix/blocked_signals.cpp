#include "daemon/platform/blocked_signals.hpp"

#include <pthread.h>
#include <signal.h>

namespace provisr::daemon {

struct BlockedSignals::Mask {
  sigset_t signals{};
};

BlockedSignals::BlockedSignals() : before_(std::make_unique<Mask>()) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_->signals);
}

BlockedSignals::~BlockedSignals() {
  pthread_sigmask(SIG_SETMASK, &before_->signals, nullptr);
}

}  // namespace provisr::daemon
