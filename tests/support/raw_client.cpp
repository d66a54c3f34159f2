#include "support/raw_client.hpp"

#include "support/eventually.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace provisr::test {
namespace {

template <class Address>
[[nodiscard]] int connect_to(int family, const Address& address) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    throw std::runtime_error("nobody listens");
  }
  return fd;
}

[[nodiscard]] int connect_to_port(int port, const std::string& address) {
  if (address.find(':') != std::string::npos) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET6, address.c_str(), &to.sin6_addr);
    return connect_to(AF_INET6, to);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  return connect_to(AF_INET, to);
}

[[nodiscard]] std::size_t content_length(std::string_view header) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const std::size_t at = header.find(name);
  std::size_t length = 0;
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = header.substr(at + name.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return length;
}

}  // namespace

RawClient::RawClient(int port, std::string_view address)
    : fd_(connect_to_port(port, std::string(address))) {}

RawClient RawClient::to_unix_socket(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  return RawClient(Handle{connect_to(AF_UNIX, to)});
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::receive_more() {
  constexpr auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(deadline);
  pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, static_cast<int>(limit.count())) != 1) {
    throw std::runtime_error("nothing came before the deadline");
  }
  char buffer[4096];
  const ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::string RawClient::read_answer() {
  std::size_t header_end = std::string::npos;
  while ((header_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) return std::exchange(received_, {});
  }
  const std::size_t end = header_end + 4 + content_length(received_.substr(0, header_end));
  while (received_.size() < end && receive_more()) {
  }
  std::string answer = received_.substr(0, end);
  received_.erase(0, std::min(end, received_.size()));
  return answer;
}

std::string RawClient::read_some() {
  if (received_.empty() && !receive_more()) throw std::runtime_error("the connection has ended");
  return std::exchange(received_, {});
}

std::string RawClient::read_all() {
  while (receive_more()) {
  }
  return std::exchange(received_, {});
}

int status_of_answer(std::string_view answer) {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!answer.starts_with(version)) return 0;
  int status = 0;
  const std::string_view digits = answer.substr(version.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

}  // namespace provisr::test
