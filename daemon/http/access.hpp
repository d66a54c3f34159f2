#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/token.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// What a route lets its client do, which decides who may use it.
enum class Access {
  open,     ///< see what anybody may know
  read,     ///< look
  control,  ///< change something
};

/// How a client reaches the server.
enum class Transport {
  tcp,
  unix_socket,  ///< the mode and group of its file decide who may connect
};

/// What a client needs to control provisrd through a listener.
enum class ControlTerms {
  none,   ///< control is impossible: the listener is read-only
  token,  ///< the token
  open,   ///< nothing
};

/// Returns "none", "token" or "open".
[[nodiscard]] std::string_view to_text(ControlTerms terms);

/// Who may do what. Over TCP, control requires the token; if there is no token, control is refused.
/// Reads over TCP require the token if they are protected. A Unix socket requires no token. Control
/// is always refused if a browser requests it for a page of another site.
///
/// Thread safety: all members may be called concurrently.
class AccessPolicy {
 public:
  /// A policy without a token and with open reads.
  AccessPolicy() = default;
  AccessPolicy(std::string token, bool protects_reads) { set(std::move(token), protects_reads); }

  /// Replaces token and protection together, for requests from now on. An empty `token` means that
  /// there is none; reads are then open.
  void set(std::string token, bool protects_reads);

  /// Returns 401 or 403 for a request that must be refused; otherwise empty.
  [[nodiscard]] std::optional<HttpAnswer> refusal_of(const HttpRequest& request, Access access,
                                                     Transport transport) const;

  [[nodiscard]] ControlTerms control_terms(Transport transport) const;

 private:
  struct Rules {
    std::optional<Token> token;
    bool protects_reads = false;
  };
  [[nodiscard]] std::shared_ptr<const Rules> rules() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Rules> rules_ = std::make_shared<const Rules>();  ///< guarded by mutex_
};

/// Returns whether a browser has sent the request for a page of another site. The header fields
/// Sec-Fetch-Site and, in older browsers, Origin say so; other programs send neither.
[[nodiscard]] bool is_of_another_site(const HttpRequest& request);

}  // namespace provisr::daemon
