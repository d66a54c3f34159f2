#include "daemon/platform/socket.hpp"

#include "daemon/platform/posix/accept.hpp"
#include "daemon/platform/posix/last_error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] int fd_of(const Socket& socket) {
  return static_cast<int>(socket.handle());
}

[[nodiscard]] Transfer transfer_of(ssize_t result) {
  if (result > 0) return {Transfer::Outcome::moved, static_cast<std::size_t>(result)};
  const bool is_transient = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (result < 0 && is_transient) return {Transfer::Outcome::would_block, 0};
  return {Transfer::Outcome::ended, 0};
}

[[nodiscard]] Accepted::Outcome outcome_of(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return Accepted::Outcome::nobody;
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    // An error that the new connection already had on Linux (accept(2)), or a firewall's refusal.
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case EPERM:
      return Accepted::Outcome::lost;
    case EMFILE:
    case ENFILE:
      return Accepted::Outcome::exhausted;
    default:
      return Accepted::Outcome::failed;
  }
}

}  // namespace

void Socket::close() noexcept {
  if (handle_ != -1) ::close(static_cast<int>(std::exchange(handle_, -1)));
}

Transfer receive(const Socket& socket, std::span<char> buffer) noexcept {
  return transfer_of(::recv(fd_of(socket), buffer.data(), buffer.size(), 0));
}

Transfer send(const Socket& socket, std::span<const std::string_view> parts) noexcept {
  std::array<iovec, 2> pieces{};
  const std::size_t count = std::min(parts.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};  // NOLINT(*-const-cast)
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
  return transfer_of(::sendmsg(fd_of(socket), &message, send_flags));
}

void end_sending(const Socket& socket) noexcept {
  ::shutdown(fd_of(socket), SHUT_WR);
}

Accepted accept_connection(const Socket& listener) noexcept {
  const int fd = accept_prepared(fd_of(listener));
  if (fd < 0) {
    return {outcome_of(errno), Socket(), last_error()};
  }
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // fails on a Unix socket
  return {Accepted::Outcome::connection, Socket(fd), {}};
}

}  // namespace provisr::daemon
