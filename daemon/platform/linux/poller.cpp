#include "daemon/platform/poller.hpp"

#include "daemon/platform/poll_timeout.hpp"
#include "daemon/platform/posix/last_error.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

constexpr std::size_t events_at_once = 256;

[[nodiscard]] int checked(int result) {
  if (result < 0) throw_error(errno);
  return result;
}

[[nodiscard]] std::uint32_t events_of(Poller::Interest interest) {
  switch (interest) {
    case Poller::Interest::input:
      return EPOLLIN;
    case Poller::Interest::output:
      return EPOLLOUT;
    case Poller::Interest::none:
      break;
  }
  return 0;
}

}  // namespace

struct Poller::State {
  Socket epoll;
  Socket waker;
  std::array<epoll_event, events_at_once> ready{};
  std::array<Event, events_at_once> events{};

  void control(int operation, const Socket& socket, Interest interest, void* owner) const {
    epoll_event event{};
    event.events = events_of(interest);
    event.data.ptr = owner;
    static_cast<void>(checked(::epoll_ctl(static_cast<int>(epoll.handle()), operation,
                                          static_cast<int>(socket.handle()), &event)));
  }
};

Poller::Poller() : state_(std::make_unique<State>()) {
  state_->epoll = Socket(checked(::epoll_create1(EPOLL_CLOEXEC)));
  state_->waker = Socket(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  add(state_->waker, Interest::input, nullptr);
}

Poller::~Poller() = default;

void Poller::add(const Socket& socket, Interest interest, void* owner) {
  state_->control(EPOLL_CTL_ADD, socket, interest, owner);
}

void Poller::change(const Socket& socket, Interest interest, void* owner) {
  state_->control(EPOLL_CTL_MOD, socket, interest, owner);
}

void Poller::remove(const Socket& socket) noexcept {
  ::epoll_ctl(static_cast<int>(state_->epoll.handle()), EPOLL_CTL_DEL,
              static_cast<int>(socket.handle()), nullptr);
}

std::span<const Poller::Event> Poller::wait(std::optional<std::chrono::milliseconds> timeout) {
  const int count = ::epoll_wait(static_cast<int>(state_->epoll.handle()), state_->ready.data(),
                                 static_cast<int>(events_at_once), poll_timeout(timeout));
  if (count < 0 && errno != EINTR) static_cast<void>(checked(count));
  std::size_t used = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& ready = state_->ready[static_cast<std::size_t>(i)];
    if (ready.data.ptr == nullptr) {
      std::uint64_t wakes = 0;
      static_cast<void>(!::read(static_cast<int>(state_->waker.handle()), &wakes, sizeof wakes));
      continue;
    }
    const bool is_lost = (ready.events & (EPOLLERR | EPOLLHUP)) != 0;
    const bool is_ready = (ready.events & (EPOLLIN | EPOLLOUT)) != 0;
    state_->events[used++] = {ready.data.ptr, is_ready, is_lost};
  }
  return {state_->events.data(), used};
}

void Poller::wake() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(static_cast<int>(state_->waker.handle()), &one, sizeof one));
}

}  // namespace provisr::daemon
