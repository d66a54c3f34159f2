#pragma once

#include "daemon/platform/poller.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace provisr::daemon {

/// The array that poll(2) or WSAPoll() takes, kept between calls. Entry 0 is the waker.
template <class PollFd>
class PollTable {
 public:
  explicit PollTable(PollFd waker) : entries_{waker}, owners_{nullptr} {}

  void add(const Socket& socket, short events, void* owner) {
    PollFd entry{};
    entry.fd = static_cast<decltype(entry.fd)>(socket.handle());
    entry.events = events;
    index_[socket.handle()] = entries_.size();
    entries_.push_back(entry);
    owners_.push_back(owner);
  }

  void change(const Socket& socket, short events, void* owner) {
    const std::size_t index = index_.at(socket.handle());
    entries_[index].events = events;
    owners_[index] = owner;
  }

  void remove(const Socket& socket) noexcept {
    const auto found = index_.find(socket.handle());
    if (found == index_.end()) return;
    const std::size_t index = found->second;
    index_.erase(found);
    if (index + 1 != entries_.size()) {
      entries_[index] = entries_.back();
      owners_[index] = owners_.back();
      index_[static_cast<std::intptr_t>(entries_[index].fd)] = index;
    }
    entries_.pop_back();
    owners_.pop_back();
  }

  [[nodiscard]] std::vector<PollFd>& entries() { return entries_; }

  /// Returns the events after a poll call. `asked` and `lost` are masks of revents.
  [[nodiscard]] std::span<const Poller::Event> events(int asked, int lost) {
    events_.clear();
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      const int what = entries_[i].revents;
      if (what != 0) events_.push_back({owners_[i], (what & asked) != 0, (what & lost) != 0});
    }
    return events_;
  }

 private:
  std::vector<PollFd> entries_;
  std::vector<void*> owners_;
  std::unordered_map<std::intptr_t, std::size_t> index_;
  std::vector<Poller::Event> events_;
};

}  // namespace provisr::daemon
