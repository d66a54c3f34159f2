#include "daemon/platform/blocked_signals.hpp"

#include <pthread.h>
#include <signal.h>

namespace provisr::daemon {

struct BlockedSignals::Mask {
  sigset_t signals{};
};

BlockedSignals::BlockedSignals() : before_(std::make_unique<Mask>()) {
  sigset_t from_outside;
  sigfillset(&from_outside);
  for (const int own : {SIGBUS, SIGFPE, SIGILL, SIGSEGV}) sigdelset(&from_outside, own);
  pthread_sigmask(SIG_SETMASK, &from_outside, &before_->signals);
}

BlockedSignals::~BlockedSignals() {
  pthread_sigmask(SIG_SETMASK, &before_->signals, nullptr);
}

}  // namespace provisr::daemon
