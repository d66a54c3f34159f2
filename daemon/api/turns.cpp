#include "daemon/api/turns.hpp"

#include <utility>

namespace provisr::daemon {

/// Makes the place before it takes the lock, which the destructor of a place takes, too.
std::shared_ptr<Turns::Place> Turns::join(const std::shared_ptr<Turns>& turns) {
  std::shared_ptr<Place> place(new Place(turns));
  const std::lock_guard lock(turns->mutex_);
  if (turns->places_.size() >= most_waiting) return nullptr;
  turns->places_.push_back(turns->last_id_ + 1);
  place->id_ = ++turns->last_id_;
  return place;
}

Turns::Waker::Waker(std::shared_ptr<Turns> turns, std::function<void()> wake)
    : turns_(std::move(turns)) {
  const std::lock_guard lock(turns_->mutex_);
  turns_->wake_ = std::move(wake);
}

Turns::Waker::~Waker() {
  const std::lock_guard lock(turns_->mutex_);
  turns_->wake_ = nullptr;
}

bool Turns::is_first(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  return !places_.empty() && places_.front() == id;
}

void Turns::leave(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  std::erase(places_, id);
  if (!places_.empty() && wake_) wake_();
}

/// Calls `wake_` with the lock held, so that its Waker is not destroyed meanwhile.
void Turns::wake() {
  const std::lock_guard lock(mutex_);
  if (wake_) wake_();
}

}  // namespace provisr::daemon
