#include "daemon/http/monitor.hpp"

#include <utility>

namespace provisr::daemon {

std::string_view to_text(DropReason reason) {
  constexpr std::array<std::string_view, drop_reason_count> texts{
      "request_timeout", "answer_timeout", "idle_timeout",  "max_connections",
      "no_descriptors",  "accept_error",   "internal_error"};
  return texts[static_cast<std::size_t>(reason)];
}

void HttpMonitor::set_address(std::optional<ListenAddress> address) {
  const std::lock_guard lock(mutex_);
  address_ = std::move(address);
}

std::optional<ListenAddress> HttpMonitor::address() const {
  const std::lock_guard lock(mutex_);
  return address_;
}

void HttpMonitor::count_answer(int status) noexcept {
  const auto index = static_cast<std::size_t>(status - first_status);
  if (index < status_count) answers_[index].fetch_add(1, std::memory_order_relaxed);
}

std::map<int, std::uint64_t> HttpMonitor::answers() const {
  std::map<int, std::uint64_t> answers;
  for (std::size_t index = 0; index < status_count; ++index) {
    const std::uint64_t count = answers_[index].load(std::memory_order_relaxed);
    if (count != 0) answers.emplace(first_status + static_cast<int>(index), count);
  }
  return answers;
}

void HttpMonitor::count_drop(DropReason reason) noexcept {
  dropped_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t HttpMonitor::dropped(DropReason reason) const noexcept {
  return dropped_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
}

void HttpMonitor::count_opened() noexcept {
  connections_.fetch_add(1, std::memory_order_relaxed);
}

void HttpMonitor::count_closed(std::size_t count) noexcept {
  connections_.fetch_sub(count, std::memory_order_relaxed);
}

std::size_t HttpMonitor::connections() const noexcept {
  return connections_.load(std::memory_order_relaxed);
}

}  // namespace provisr::daemon
