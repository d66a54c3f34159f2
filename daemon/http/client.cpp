#include "daemon/http/client.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/version.hpp"
#include "daemon/platform/client_socket.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// The deadline of an exchange.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds patience) : patience_(patience) {}

  [[nodiscard]] std::chrono::milliseconds time_left() const {
    const auto left = end_ - std::chrono::steady_clock::now();
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(left),
                    std::chrono::milliseconds(0));
  }

  /// Returns the time left for one of several attempts.
  [[nodiscard]] std::chrono::milliseconds time_left(std::chrono::milliseconds most) const {
    return std::min(time_left(), most);
  }

  void wait_until(const Socket& socket, Readiness readiness) const {
    if (daemon::wait_until(socket, readiness, time_left())) return;
    throw HttpFailure(fmt::format("no complete answer within {}", format_duration(patience_)));
  }

 private:
  std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + patience_;
};

[[nodiscard]] Socket connect_to_first(const ListenAddress& server,
                                      const std::vector<SocketAddress>& addresses,
                                      const Deadline& deadline, std::chrono::milliseconds most) {
  std::system_error last(std::make_error_code(std::errc::address_not_available));
  for (const SocketAddress& address : addresses) {
    try {
      return connect_to(address, server.port, deadline.time_left(most));
    } catch (const std::system_error& failure) {
      last = failure;
    }
  }
  throw last;
}

[[nodiscard]] std::vector<SocketAddress> resolve(const std::string& host) {
  try {
    return addresses_of(host);
  } catch (const std::runtime_error& failure) {  // std::system_error is one
    throw HttpFailure(fmt::format("the host \"{}\" cannot be found: {}", host, failure.what()));
  }
}

[[nodiscard]] Socket connect(const ListenAddress& server, const Deadline& deadline,
                             std::chrono::milliseconds most) {
  std::vector<SocketAddress> addresses;
  if (!server.is_unix_socket()) addresses = resolve(server.host);
  try {
    return server.is_unix_socket() ? connect_to_unix_socket(server.path, deadline.time_left(most))
                                   : connect_to_first(server, addresses, deadline, most);
  } catch (const std::system_error& failure) {
    throw HttpFailure(failure.code().message());
  }
}

constexpr std::string_view version_prefix = "HTTP/1.";
constexpr std::size_t status_line_size = std::string_view("HTTP/1.1 200").size();

/// Returns the "HTTP/1.1 200" at the beginning of a head. Throws HttpFailure for anything else.
[[nodiscard]] std::string_view status_of(std::string_view head) {
  const std::string_view status = head.substr(0, status_line_size);
  const bool is_status =
      status.size() == status_line_size && status.starts_with(version_prefix) &&
      is_digit(status[7]) && status[8] == ' ' &&
      std::all_of(status.begin() + 9, status.end(), is_digit) &&
      (head.size() == status.size() || head[status.size()] == ' ' || head[status.size()] == '\r');
  if (!is_status) throw HttpFailure("what answers there is not HTTP");
  return status;
}

/// A connection for cpp-httplib, with a deadline and bounds. Hides from cpp-httplib the reason
/// phrase and the heads of interim answers. There is no `override`, because which of the waits are
/// virtual depends on cpp-httplib's release.
// NOLINTBEGIN(modernize-use-override)
class SocketStream final : public httplib::Stream {
 public:
  SocketStream(const Socket& socket, const Deadline& deadline, std::size_t longest_head)
      : socket_(socket), deadline_(deadline), longest_head_(longest_head) {}

  ssize_t read(char* to, std::size_t size) {
    if (!has_head_) receive_head();
    if (begin_ == received_.size() && !receive_more()) return 0;
    const std::size_t copied = std::string_view(received_).substr(begin_).copy(to, size);
    begin_ += copied;
    return static_cast<ssize_t>(copied);
  }
  ssize_t write(const char* from, std::size_t size) {
    const std::array<std::string_view, 1> parts{std::string_view(from, size)};
    while (true) {
      const Transfer sent = daemon::send(socket_, parts);
      if (sent.outcome == Transfer::Outcome::moved) return static_cast<ssize_t>(sent.bytes);
      if (sent.outcome == Transfer::Outcome::ended) throw HttpFailure(closed_early);
      deadline_.wait_until(socket_, Readiness::writable);
    }
  }
  bool is_readable() const { return true; }
  bool is_writable() const { return true; }
  bool wait_readable() const { return true; }
  bool wait_writable() const { return true; }
  void get_remote_ip_and_port(std::string&, int&) const {}
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return static_cast<socket_t>(socket_.handle()); }
  time_t duration() const { return 0; }

 private:
  static constexpr const char* closed_early = "the connection was closed before an answer";

  /// Receives more bytes: into an empty buffer, or behind the part of a head that the buffer holds.
  /// Returns false at the end of the input.
  [[nodiscard]] bool receive_more() {
    if (begin_ == received_.size()) {
      received_.clear();
      begin_ = 0;
    }
    std::array<char, 16 * 1024> buffer;  // NOLINT(*-member-init)
    while (true) {
      const Transfer moved = receive(socket_, buffer);
      if (moved.outcome == Transfer::Outcome::ended) return false;
      if (moved.outcome == Transfer::Outcome::moved) {
        received_.append(buffer.data(), moved.bytes);
        return true;
      }
      deadline_.wait_until(socket_, Readiness::readable);
    }
  }

  void receive_head() {
    std::size_t end = receive_to_end_of_head();
    std::size_t total = end;
    while (status_of(received_)[status_line_size - 3] == '1') {
      received_.erase(0, end);
      end = receive_to_end_of_head();
      total += end;
      if (total > longest_head_) throw too_long();
    }
    const std::size_t line_end = received_.find("\r\n");
    received_.erase(status_line_size, line_end - status_line_size);
    has_head_ = true;
  }

  /// Receives until the buffer begins with a whole head. Returns the size of that head.
  [[nodiscard]] std::size_t receive_to_end_of_head() {
    constexpr std::string_view end = "\r\n\r\n";
    while (true) {
      const std::size_t found = received_.find(end);
      if (found != std::string::npos && found <= longest_head_) return found + end.size();
      if (received_.size() >= status_line_size) static_cast<void>(status_of(received_));
      if (received_.size() > longest_head_) throw too_long();
      if (!receive_more()) {
        if (!received_.empty()) static_cast<void>(status_of(received_));
        throw HttpFailure(closed_early);
      }
    }
  }

  [[nodiscard]] HttpFailure too_long() const {
    return HttpFailure(fmt::format("the answer's header is longer than {} bytes", longest_head_));
  }

  const Socket& socket_;
  const Deadline& deadline_;
  std::size_t longest_head_;
  std::string received_;
  std::size_t begin_ = 0;  ///< start of the bytes that were not read yet
  bool has_head_ = false;
};
// NOLINTEND(modernize-use-override)

/// cpp-httplib's client without its socket.
class Exchange final : private httplib::ClientImpl {
 public:
  Exchange() : ClientImpl("") {}

  [[nodiscard]] bool run(httplib::Stream& stream, httplib::Request& request,
                         httplib::Response& response) {
    auto error = httplib::Error::Success;
    return process_request(stream, request, response, true, error);
  }
};

/// Returns the value of `Host`. Omits the zone of an IPv6 address: it means nothing to the server.
[[nodiscard]] std::string host_field(const ListenAddress& server) {
  if (server.is_unix_socket()) return "localhost";
  ListenAddress named = server;
  named.host = server.host.substr(0, server.host.find('%'));
  return named.to_string();
}

[[nodiscard]] httplib::Request request_for(std::string_view method, std::string_view target,
                                           const ListenAddress& server, const std::string& token) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = {{"Host", host_field(server)},
                     {"Accept", "application/json"},
                     {"Accept-Encoding", "identity"},
                     {"User-Agent", fmt::format("provisrd/{}", provisrd_version)}};
  if (!token.empty()) request.headers.emplace("Authorization", "Bearer " + token);
  return request;
}

}  // namespace

HttpClient::HttpClient(ListenAddress server, std::string token, HttpClientLimits limits)
    : server_(std::move(server)), token_(std::move(token)), limits_(limits) {
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::all_of(token_.begin(), token_.end(), is_printable)) {
    throw std::invalid_argument("a token must be one word of printable ASCII characters");
  }
}

HttpResponse HttpClient::send(std::string_view method, std::string_view target,
                              std::chrono::milliseconds patience) const {
  const Deadline deadline(patience);
  const Socket socket = connect(server_, deadline, limits_.connect_time);
  SocketStream stream(socket, deadline, limits_.head);
  HttpResponse received;
  bool is_too_long = false;
  httplib::Request request = request_for(method, target, server_, token_);
  request.content_receiver = [&](const char* data, std::size_t size, auto, auto) {
    is_too_long = size > limits_.body - received.body.size();
    if (!is_too_long) received.body.append(data, size);
    return !is_too_long;
  };
  httplib::Response response;
  const bool is_complete = Exchange().run(stream, request, response);
  if (is_too_long) {
    throw HttpFailure(fmt::format("the answer is longer than {} bytes", limits_.body));
  }
  if (!is_complete) throw HttpFailure("the answer broke off or is malformed");
  received.status = response.status;
  return received;
}

}  // namespace provisr::daemon
