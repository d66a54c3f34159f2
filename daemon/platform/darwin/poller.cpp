#include "daemon/platform/poller.hpp"

#include "daemon/platform/poll_table.hpp"
#include "daemon/platform/poll_timeout.hpp"
#include "daemon/platform/posix/pipe.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] short events_of(Poller::Interest interest) {
  switch (interest) {
    case Poller::Interest::input:
      return POLLIN;
    case Poller::Interest::output:
      return POLLOUT;
    case Poller::Interest::none:
      break;
  }
  return 0;
}

}  // namespace

struct Poller::State {
  Pipe waker = make_pipe();
  PollTable<pollfd> table{{waker.read_end.get(), POLLIN, 0}};
};

Poller::Poller() : state_(std::make_unique<State>()) {
  if (!state_->waker.read_end) throw std::system_error(errno, std::generic_category());
  ::fcntl(state_->waker.read_end.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(state_->waker.write_end.get(), F_SETFL, O_NONBLOCK);
}

Poller::~Poller() = default;

void Poller::add(const Socket& socket, Interest interest, void* owner) {
  state_->table.add(socket, events_of(interest), owner);
}

void Poller::change(const Socket& socket, Interest interest, void* owner) {
  state_->table.change(socket, events_of(interest), owner);
}

void Poller::remove(const Socket& socket) noexcept {
  state_->table.remove(socket);
}

std::span<const Poller::Event> Poller::wait(std::optional<std::chrono::milliseconds> timeout) {
  std::vector<pollfd>& entries = state_->table.entries();
  const int count =
      ::poll(entries.data(), static_cast<nfds_t>(entries.size()), poll_timeout(timeout));
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category());
  if (count <= 0) return {};
  std::array<char, 64> wakes{};
  if (entries.front().revents != 0) {
    static_cast<void>(!::read(entries.front().fd, wakes.data(), wakes.size()));
  }
  return state_->table.events(POLLIN | POLLOUT, POLLERR | POLLHUP | POLLNVAL);
}

void Poller::wake() noexcept {
  static_cast<void>(!::write(state_->waker.write_end.get(), "", 1));
}

}  // namespace provisr::daemon
