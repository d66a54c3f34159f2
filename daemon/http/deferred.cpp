#include "daemon/http/deferred.hpp"

namespace provisr::daemon {

HttpCompletion CompletedAnswers::completion_of(Ticket ticket) {
  auto entry = std::make_shared<Entries>();
  entry->push_back({ticket, std::nullopt});
  const auto self = shared_from_this();
  return {[self, entry](HttpAnswer answer) { self->put(*entry, std::move(answer)); },
          [self, entry] { self->put(*entry, std::nullopt); }};
}

/// Calls `wake` with the lock held: after close(), the object that `wake` refers to may be gone.
/// `entry` is empty once it is in the queue.
void CompletedAnswers::put(Entries& entry, std::optional<HttpAnswer> answer) noexcept {
  const std::lock_guard lock(mutex_);
  if (!wake_ || entry.empty()) return;
  entry.front().answer = std::move(answer);
  entries_.splice(entries_.end(), entry);
  wake_();
}

CompletedAnswers::Entries CompletedAnswers::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(entries_, {});
}

void CompletedAnswers::close() noexcept {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  entries_.clear();
}

}  // namespace provisr::daemon
