#pragma once

#include "daemon/http/limits.hpp"
#include "daemon/http/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace provisr::daemon {

/// A request whose header is complete, and what the connection needs to know about it.
struct FramedRequest {
  HttpRequest request;  ///< without path and query, which `target` holds
  std::string target;   ///< in origin form, not decoded; or "*"
  bool is_http_1_0 = false;
  bool keeps_alive = false;
};

/// A request that cannot be served. The connection must be closed after the answer.
struct RefusedRequest {
  int status = 400;
  std::string text;
};

struct IncompleteRequest {};

/// A strict reader of requests in the bytes of a connection (RFC 9112): it refuses what two parsers
/// could read differently. Work and memory are bounded by the limits and linear in the bytes.
class RequestReader {
 public:
  using Result = std::variant<IncompleteRequest, FramedRequest, RefusedRequest>;

  explicit RequestReader(const HttpLimits& limits) : limits_(&limits) {}

  void append(std::string_view bytes);

  /// Takes the next request out. The reader cannot be used after a refusal.
  [[nodiscard]] Result next();

  /// Returns whether no part of a request has arrived.
  [[nodiscard]] bool is_empty() const { return buffer_.empty(); }

  /// Returns whether the request that next() would take, or has refused, is a HEAD request.
  [[nodiscard]] bool is_head_request() const { return buffer_.starts_with("HEAD "); }

  /// Returns whether the buffer holds as much as one request may have. next() makes room.
  [[nodiscard]] bool is_full() const {
    return buffer_.size() >= limits_->request_line + limits_->headers;
  }

 private:
  enum class Line { none, field, last };

  void skip_empty_lines();
  [[nodiscard]] Line take_line();
  void check_sizes(std::size_t end) const;
  [[nodiscard]] FramedRequest take_request();

  const HttpLimits* limits_;
  std::string buffer_;
  std::size_t scanned_ = 0;       ///< all line ends before this are known
  std::size_t line_start_ = 0;    ///< of the incomplete line
  std::size_t fields_start_ = 0;  ///< end of the request line; 0 until that line is complete
  std::size_t fields_ = 0;
};

}  // namespace provisr::daemon
