#include "daemon/http/deferred.hpp"

#include <exception>

namespace provisr::daemon {

/// Calls `wake` with the lock held: after close(), the object that `wake` refers to may be gone.
void CompletedAnswers::put(Ticket ticket, HttpAnswer answer) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (!wake_) return;
    entries_.push_back({ticket, std::move(answer)});
    wake_();
  } catch (const std::exception&) {  // no memory: the answer's time limit ends the wait
  }
}

std::vector<CompletedAnswers::Entry> CompletedAnswers::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(entries_, {});
}

void CompletedAnswers::close() noexcept {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  entries_.clear();
}

}  // namespace provisr::daemon
