#include "daemon/platform/poller.hpp"

#include "daemon/platform/poll_table.hpp"
#include "daemon/platform/poll_timeout.hpp"
#include "daemon/platform/windows/winsock.hpp"

#include <array>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] short events_of(Poller::Interest interest) {
  switch (interest) {
    case Poller::Interest::input:
      return POLLRDNORM;
    case Poller::Interest::output:
      return POLLWRNORM;
    case Poller::Interest::none:
      break;
  }
  return 0;
}

/// Makes a loopback datagram socket that sends to itself, because WSAPoll() accepts only sockets.
[[nodiscard]] Socket make_waker() {
  start_winsock();
  Socket waker = own_socket(::socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const SOCKET handle = socket_of(waker);
  if (bind(handle, generic, length) != 0 || getsockname(handle, generic, &length) != 0 ||
      connect(handle, generic, length) != 0) {
    throw_winsock_error();
  }
  return waker;
}

}  // namespace

struct Poller::State {
  Socket waker = make_waker();
  PollTable<WSAPOLLFD> table{{socket_of(waker), POLLRDNORM, 0}};
};

Poller::Poller() : state_(std::make_unique<State>()) {}

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
  std::vector<WSAPOLLFD>& entries = state_->table.entries();
  const int count =
      WSAPoll(entries.data(), static_cast<ULONG>(entries.size()), poll_timeout(timeout));
  if (count < 0) throw_winsock_error();
  if (count == 0) return {};
  std::array<char, 64> wakes{};
  if (entries.front().revents != 0) {
    static_cast<void>(receive(state_->waker, wakes));
  }
  return state_->table.events(POLLRDNORM | POLLWRNORM, POLLERR | POLLHUP | POLLNVAL);
}

void Poller::wake() noexcept {
  ::send(socket_of(state_->waker), "", 1, 0);
}

}  // namespace provisr::daemon
