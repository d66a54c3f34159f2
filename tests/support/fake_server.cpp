#include "support/fake_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace provisr::test {
namespace {

/// Waits until `fd` is ready. Returns false if the test stops the server first.
[[nodiscard]] bool wait_for(int fd, short events, int stop) {
  pollfd waited[2] = {{.fd = fd, .events = events, .revents = 0},
                      {.fd = stop, .events = POLLIN, .revents = 0}};
  return ::poll(waited, 2, -1) > 0 && waited[1].revents == 0;
}

[[nodiscard]] bool send_all(int fd, const std::string& bytes, int stop) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    if (!wait_for(fd, POLLOUT, stop)) return false;
    const ssize_t count =
        ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

FakeServer::FakeServer(std::vector<std::string> answers, Ending ending)
    : answers_(std::move(answers)), ending_(ending) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, generic, &length) != 0 || ::pipe2(stop_, O_CLOEXEC) != 0) {
    throw std::runtime_error("no fake server");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeServer::~FakeServer() {
  static_cast<void>(stop_and_take_requests());
  for (const int fd : {listener_, stop_[0], stop_[1]}) ::close(fd);
}

std::string FakeServer::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

std::string FakeServer::stop_and_take_requests() {
  if (thread_.joinable()) {
    static_cast<void>(::write(stop_[1], "", 1) == 1);
    thread_.join();
  }
  return requests_;
}

void FakeServer::serve() {
  std::size_t next = 0;
  while (wait_for(listener_, POLLIN, stop_[0])) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection, answers_[next]);
    next = std::min(next + 1, answers_.size() - 1);
    ::close(connection);
  }
}

void FakeServer::answer(int connection, const std::string& bytes) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    if (!wait_for(connection, POLLIN, stop_[0])) return;
    const ssize_t size = ::recv(connection, buffer, sizeof buffer, 0);
    if (size <= 0) return;
    request.append(buffer, static_cast<std::size_t>(size));
  }
  requests_ += request;
  if (!send_all(connection, bytes, stop_[0])) return;
  if (ending_ == Ending::endless) {
    const std::string more(64 * 1024, bytes.back());
    while (send_all(connection, more, stop_[0])) {
    }
  }
  if (ending_ != Ending::hold) return;
  while (wait_for(connection, POLLIN, stop_[0]) &&
         ::recv(connection, buffer, sizeof buffer, 0) > 0) {
  }
}

std::string json_response(int status, const std::string& body) {
  return fmt::format(
      "HTTP/1.1 {} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      status, body.size(), body);
}

}  // namespace provisr::test
