#pragma once

#include "daemon/base/listen_address.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// What a client takes from a server, and how long it tries to reach one.
struct HttpClientLimits {
  std::size_t head = std::size_t{32} * 1024;         ///< bytes of status line and header fields
  std::size_t body = std::size_t{64} * 1024 * 1024;  ///< bytes
  std::chrono::milliseconds connect_time{5'000};     ///< for each address of a host
};

/// Why there is no answer, in one sentence without the server's name.
class HttpFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a server has answered. All of it may be hostile.
struct HttpReceived {
  int status = 0;
  std::string body;
};

/// Asks a server, a connection for each request. Follows no redirect. Formats requests and parses
/// answers with cpp-httplib, whose client runs on a socket of ours: its own has no deadline for an
/// answer as a whole and matches status lines by a recursive regex.
///
/// Thread safety: const members may be called concurrently.
class HttpClient {
 public:
  /// A `token`, if not empty, goes with each request; it must be one word of printable ASCII.
  /// Throws std::invalid_argument if it is not.
  explicit HttpClient(ListenAddress server, std::string token = {}, HttpClientLimits limits = {});

  /// `target` is the path and the query, encoded. The whole exchange takes at most `patience`, name
  /// resolution aside. Throws HttpFailure if no complete answer came.
  [[nodiscard]] HttpReceived send(std::string_view method, std::string_view target,
                                  std::chrono::milliseconds patience) const;

 private:
  ListenAddress server_;
  std::string token_;
  HttpClientLimits limits_;
};

}  // namespace provisr::daemon
