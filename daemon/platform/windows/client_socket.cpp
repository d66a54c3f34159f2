#include "daemon/platform/client_socket.hpp"

#include "daemon/platform/windows/socket_address.hpp"
#include "daemon/platform/windows/winsock.hpp"

#include <system_error>

namespace provisr::daemon {
namespace {

[[nodiscard]] timeval as_timeval(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timeval value{};
  value.tv_sec = static_cast<long>(seconds.count());
  value.tv_usec = static_cast<long>(
      std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count());
  return value;
}

[[nodiscard]] fd_set set_of(SOCKET handle) {
  fd_set set{};
  set.fd_count = 1;
  set.fd_array[0] = handle;
  return set;
}

[[nodiscard]] int pending_error(SOCKET handle) {
  int error = 0;
  int length = sizeof error;
  auto* const bytes = reinterpret_cast<char*>(&error);
  return getsockopt(handle, SOL_SOCKET, SO_ERROR, bytes, &length) == 0 ? error : WSAGetLastError();
}

/// select() reports a refused connection in its third set; WSAPoll() of older systems never does.
void finish_connecting(SOCKET handle, std::chrono::milliseconds timeout) {
  fd_set connected = set_of(handle);
  fd_set refused = set_of(handle);
  timeval limit = as_timeval(timeout);
  if (select(0, nullptr, &connected, &refused, &limit) <= 0) {
    throw std::system_error(std::make_error_code(std::errc::timed_out));
  }
  if (const int error = pending_error(handle); error != 0) {
    throw std::system_error(winsock_error(error));
  }
}

}  // namespace

Socket connect_to(const SocketAddress& address, int port, std::chrono::milliseconds timeout) {
  start_winsock();
  Socket connection = own_socket(::socket(family_of(address), SOCK_STREAM, IPPROTO_TCP));
  const sockaddr_storage storage = with_port(address, port);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&storage);
  const SOCKET handle = socket_of(connection);
  if (connect(handle, generic, static_cast<int>(address.bytes.size())) != 0) {
    if (WSAGetLastError() != WSAEWOULDBLOCK) throw_winsock_error();
    finish_connecting(handle, timeout);
  }
  return connection;
}

Socket connect_to_unix_socket(const std::string&, std::chrono::milliseconds) {
  throw std::system_error(std::make_error_code(std::errc::not_supported));
}

bool wait_until(const Socket& socket, Readiness readiness,
                std::chrono::milliseconds timeout) noexcept {
  fd_set waited = set_of(socket_of(socket));
  timeval limit = as_timeval(timeout);
  return readiness == Readiness::readable ? select(0, &waited, nullptr, nullptr, &limit) > 0
                                          : select(0, nullptr, &waited, nullptr, &limit) > 0;
}

}  // namespace provisr::daemon
