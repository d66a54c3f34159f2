#include "daemon/platform/socket.hpp"

#include "daemon/platform/windows/winsock.hpp"

#include <algorithm>
#include <array>

namespace provisr::daemon {
namespace {

struct Winsock {
  Winsock() {
    WSADATA data;
    const int error = WSAStartup(MAKEWORD(2, 2), &data);
    if (error != 0) throw std::system_error(winsock_error(error));
  }
};

[[nodiscard]] Transfer failure() {
  const bool is_transient = WSAGetLastError() == WSAEWOULDBLOCK;
  return {is_transient ? Transfer::Outcome::would_block : Transfer::Outcome::ended, 0};
}

[[nodiscard]] Accepted::Outcome outcome_of(int error) {
  switch (error) {
    case WSAEWOULDBLOCK:
      return Accepted::Outcome::nobody;
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAEINTR:
      return Accepted::Outcome::lost;
    case WSAEMFILE:
      return Accepted::Outcome::exhausted;
    default:
      return Accepted::Outcome::failed;
  }
}

void make_non_blocking(SOCKET handle) {
  u_long yes = 1;
  ioctlsocket(handle, static_cast<long>(FIONBIO), &yes);
  SetHandleInformation(reinterpret_cast<HANDLE>(handle), HANDLE_FLAG_INHERIT, 0);
}

}  // namespace

void start_winsock() {
  static const Winsock winsock;
}

Socket own_socket(SOCKET handle) {
  if (handle == INVALID_SOCKET) throw_winsock_error();
  make_non_blocking(handle);
  return Socket(static_cast<std::intptr_t>(handle));
}

void Socket::close() noexcept {
  if (handle_ != -1) closesocket(static_cast<SOCKET>(std::exchange(handle_, -1)));
}

Transfer receive(const Socket& socket, std::span<char> buffer) noexcept {
  const int count = recv(socket_of(socket), buffer.data(), static_cast<int>(buffer.size()), 0);
  if (count > 0) return {Transfer::Outcome::moved, static_cast<std::size_t>(count)};
  if (count == 0) return {};
  return failure();
}

Transfer send(const Socket& socket, std::span<const std::string_view> parts) noexcept {
  std::array<WSABUF, 2> pieces{};
  const std::size_t count = std::min(parts.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i].len = static_cast<ULONG>(parts[i].size());
    pieces[i].buf = const_cast<char*>(parts[i].data());  // NOLINT(*-const-cast)
  }
  DWORD sent = 0;
  const int error = WSASend(socket_of(socket), pieces.data(), static_cast<DWORD>(count), &sent, 0,
                            nullptr, nullptr);
  return error == 0 ? Transfer{Transfer::Outcome::moved, sent} : failure();
}

void end_sending(const Socket& socket) noexcept {
  shutdown(socket_of(socket), SD_SEND);
}

Accepted accept_connection(const Socket& listener) noexcept {
  const SOCKET handle = accept(socket_of(listener), nullptr, nullptr);
  if (handle == INVALID_SOCKET) {
    const int error = WSAGetLastError();
    return {outcome_of(error), Socket(), winsock_error(error)};
  }
  make_non_blocking(handle);
  const BOOL yes = TRUE;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&yes), sizeof yes);
  return {Accepted::Outcome::connection, Socket(static_cast<std::intptr_t>(handle)), {}};
}

}  // namespace provisr::daemon
