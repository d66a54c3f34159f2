#include "daemon/platform/listen_socket.hpp"

#include "daemon/platform/posix/last_error.hpp"
#include "daemon/platform/posix/socket_address.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_ipv6(const SocketAddress& address) {
  return address.family == SocketAddress::Family::ipv6;
}

void set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) throw_error(errno);
}

[[nodiscard]] SocketAddress address_of(const addrinfo& entry) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(entry.ai_addr);
  return {entry.ai_family == AF_INET6 ? SocketAddress::Family::ipv6 : SocketAddress::Family::ipv4,
          {bytes, bytes + entry.ai_addrlen}};
}

}  // namespace

std::vector<SocketAddress> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (error == EAI_SYSTEM) throw_error(errno);
  if (error != 0) throw std::runtime_error(::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(first, &::freeaddrinfo);
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
  const int fd = ::socket(family_of(address), SOCK_STREAM, 0);
  if (fd < 0) throw_error(errno);
  Socket socket(fd);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  // SO_REUSEADDR, not SO_REUSEPORT, which would let two programs share a port.
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (is_ipv6(address)) {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, coverage == Coverage::both_families ? 0 : 1);
  }
  const sockaddr_storage storage = with_port(address, port);
  const auto length = static_cast<socklen_t>(address.bytes.size());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) != 0) throw_error(errno);
  if (::listen(fd, SOMAXCONN) != 0) throw_error(errno);
  return socket;
}

int port_of(const Socket& listener) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  const int fd = static_cast<int>(listener.handle());
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) throw_error(errno);
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

bool says_address_unavailable(const std::error_code& error) noexcept {
  return error == std::errc::address_family_not_supported ||
         error == std::errc::address_not_available;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace provisr::daemon
