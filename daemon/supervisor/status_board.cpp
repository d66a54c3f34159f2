#include "daemon/supervisor/status_board.hpp"

#include <memory>
#include <utility>

namespace provisr::daemon {

bool StatusBoard::set(std::size_t index, const ProcessStatus& status) {
  const bool is_known = index < latest_.size();
  if (is_known && *latest_[index] == status) return false;
  auto entry = std::make_shared<const ProcessStatus>(status);
  const std::lock_guard lock(mutex_);
  if (is_known) {
    latest_[index].swap(entry);
  } else {
    latest_.push_back(std::move(entry));
  }
  is_changed_ = true;
  return true;
}

void StatusBoard::shrink(std::size_t size) {
  if (size >= latest_.size()) return;
  const std::lock_guard lock(mutex_);
  latest_.resize(size);
  is_changed_ = true;
}

SharedStatusList StatusBoard::published() const {
  const std::lock_guard lock(mutex_);
  if (revisions_ == 0) publish();
  return published_;
}

void StatusBoard::begin_revision() {
  const std::lock_guard lock(mutex_);
  if (revisions_ == 0) publish();
  ++revisions_;
}

void StatusBoard::end_revision() {
  const std::lock_guard lock(mutex_);
  --revisions_;
}

/// Requires mutex_.
void StatusBoard::publish() const {
  if (!is_changed_) return;
  published_ = std::make_shared<const StatusList>(latest_);
  is_changed_ = false;
}

}  // namespace provisr::daemon
