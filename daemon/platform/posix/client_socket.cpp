#include "daemon/platform/client_socket.hpp"

#include "daemon/platform/poll_timeout.hpp"
#include "daemon/platform/posix/last_error.hpp"
#include "daemon/platform/posix/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <poll.h>
#include <sys/un.h>
#include <system_error>
#include <thread>

namespace provisr::daemon {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

[[nodiscard]] Deadline deadline_in(std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() + timeout;
}

[[nodiscard]] std::chrono::milliseconds time_until(Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
}

[[nodiscard]] Socket new_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM, 0);
  if (fd < 0) throw_error(errno);
  Socket socket(fd);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return socket;
}

/// Returns the result of a pending connection attempt, 0 on success.
[[nodiscard]] int pending_error(const Socket& socket) {
  int error = 0;
  socklen_t length = sizeof error;
  const int fd = static_cast<int>(socket.handle());
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void finish_connecting(const Socket& socket, Deadline deadline) {
  if (!wait_until(socket, Readiness::writable, time_until(deadline))) throw_error(ETIMEDOUT);
  if (const int error = pending_error(socket); error != 0) throw_error(error);
}

template <class Address>
[[nodiscard]] Socket connect_within(int family, const Address& address, std::size_t length,
                                    Deadline deadline) {
  Socket socket = new_socket(family);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  while (::connect(static_cast<int>(socket.handle()), generic, static_cast<socklen_t>(length)) !=
         0) {
    if (errno == EINPROGRESS || errno == EINTR) {
      finish_connecting(socket, deadline);
      break;
    }
    // EAGAIN: the backlog of a Unix socket is full; poll(2) does not report when that changes.
    if (errno != EAGAIN) throw_error(errno);
    if (time_until(deadline).count() == 0) throw_error(ETIMEDOUT);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return socket;
}

}  // namespace

Socket connect_to(const SocketAddress& address, int port, std::chrono::milliseconds timeout) {
  return connect_within(family_of(address), with_port(address, port), address.bytes.size(),
                        deadline_in(timeout));
}

Socket connect_to_unix_socket(const std::string& path, std::chrono::milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw_error(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  return connect_within(AF_UNIX, address, sizeof address, deadline_in(timeout));
}

bool wait_until(const Socket& socket, Readiness readiness,
                std::chrono::milliseconds timeout) noexcept {
  const Deadline deadline = deadline_in(timeout);
  const auto events = static_cast<short>(readiness == Readiness::readable ? POLLIN : POLLOUT);
  pollfd waited{.fd = static_cast<int>(socket.handle()), .events = events, .revents = 0};
  while (true) {
    const int ready = ::poll(&waited, 1, poll_timeout(time_until(deadline)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace provisr::daemon
