#include "daemon/supervisor/status_board.hpp"

#include <memory>
#include <utility>

namespace provisr::daemon {

void StatusBoard::set(std::size_t index, const ProcessStatus& status) {
  if (index == latest_.size()) latest_.emplace_back();
  if (latest_[index] && *latest_[index] == status) return;
  latest_[index] = std::make_shared<const ProcessStatus>(status);
  is_changed_ = true;
}

void StatusBoard::publish() {
  if (!std::exchange(is_changed_, false)) return;
  auto list = std::make_shared<const StatusList>(latest_);
  const std::lock_guard lock(mutex_);
  published_.swap(list);
}

SharedStatusList StatusBoard::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace provisr::daemon
