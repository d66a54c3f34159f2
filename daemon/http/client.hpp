#pragma once

#include "daemon/base/listen_address.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Bounds of what a client accepts from a server, and of the time to connect.
struct HttpClientLimits {
  std::size_t head = std::size_t{32} * 1024;         ///< bytes of status line and header fields
  std::size_t body = std::size_t{64} * 1024 * 1024;  ///< bytes
  std::chrono::milliseconds connect_time{5'000};     ///< for each address of a host
};

/// Why there is no answer: one sentence that does not name the server.
class HttpFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The answer of a server. All of it may be hostile.
struct HttpResponse {
  int status = 0;
  std::string body;
};

/// A client that sends each request on a new connection. Follows no redirects. Formats requests and
/// parses answers with cpp-httplib, but manages the socket: cpp-httplib's own client has no
/// deadline for a whole answer and matches status lines by a recursive regex.
///
/// Thread safety: const members may be called concurrently.
class HttpClient {
 public:
  /// A `token`, if not empty, is sent with each request. Throws std::invalid_argument if it is not
  /// one word of printable ASCII.
  explicit HttpClient(ListenAddress server, std::string token = {}, HttpClientLimits limits = {});

  /// Sends a request and returns the answer. `target` is the encoded path and query. The exchange
  /// takes at most `patience`, plus name resolution. Throws HttpFailure unless a complete answer
  /// arrives.
  [[nodiscard]] HttpResponse send(std::string_view method, std::string_view target,
                                  std::chrono::milliseconds patience) const;

 private:
  ListenAddress server_;
  std::string token_;
  HttpClientLimits limits_;
};

}  // namespace provisr::daemon
