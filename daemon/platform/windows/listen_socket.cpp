#include "daemon/platform/listen_socket.hpp"

#include "daemon/platform/windows/socket_address.hpp"
#include "daemon/platform/windows/winsock.hpp"

#include <ws2tcpip.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_ipv6(const SocketAddress& address) {
  return address.family == SocketAddress::Family::ipv6;
}

void set_option(SOCKET socket, int level, int name, DWORD value) {
  const auto* const bytes = reinterpret_cast<const char*>(&value);
  if (setsockopt(socket, level, name, bytes, sizeof value) != 0) throw_winsock_error();
}

[[nodiscard]] SocketAddress address_of(const addrinfo& entry) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(entry.ai_addr);
  return {entry.ai_family == AF_INET6 ? SocketAddress::Family::ipv6 : SocketAddress::Family::ipv4,
          {bytes, bytes + entry.ai_addrlen}};
}

}  // namespace

std::vector<SocketAddress> addresses_of(const std::string& host) {
  start_winsock();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host.c_str(), "0", &hints, &first);
  if (error != 0) throw std::system_error(winsock_error(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(first, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    SocketAddress address = address_of(*entry);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

Socket listen_on(const SocketAddress& address, int port, Coverage coverage) {
  start_winsock();
  Socket socket = own_socket(::socket(family_of(address), SOCK_STREAM, IPPROTO_TCP));
  const SOCKET handle = socket_of(socket);
  // Windows frees an address at once; SO_REUSEADDR would let any program take it over.
  set_option(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, TRUE);
  if (is_ipv6(address)) {
    const bool is_both = coverage == Coverage::both_families;
    set_option(handle, IPPROTO_IPV6, IPV6_V6ONLY, is_both ? FALSE : TRUE);
  }
  const sockaddr_storage storage = with_port(address, port);
  const int length = static_cast<int>(address.bytes.size());
  const auto* const generic = reinterpret_cast<const sockaddr*>(&storage);
  if (bind(handle, generic, length) != 0) throw_winsock_error();
  if (listen(handle, SOMAXCONN) != 0) throw_winsock_error();
  return socket;
}

int port_of(const Socket& listener) {
  sockaddr_storage storage{};
  int length = sizeof storage;
  auto* const generic = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(socket_of(listener), generic, &length) != 0) throw_winsock_error();
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

bool says_address_unavailable(const std::error_code& error) noexcept {
  return error.value() == WSAEAFNOSUPPORT || error.value() == WSAEADDRNOTAVAIL ||
         error.value() == WSAEPROTONOSUPPORT;
}

std::string host_name() {
  start_winsock();
  std::array<char, 256> name{};
  return gethostname(name.data(), static_cast<int>(name.size() - 1)) == 0 ? name.data() : "";
}

}  // namespace provisr::daemon
