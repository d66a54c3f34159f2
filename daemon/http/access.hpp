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

/// What a route lets its client do, and thus who may ask for it.
enum class Access {
  open,     ///< nothing that anybody must not know
  read,     ///< look
  control,  ///< change something
};

/// How a client reaches the server.
enum class Transport {
  tcp,
  unix_socket,  ///< the mode and group of its file say who may connect
};

/// What it takes to control provisrd by a listener.
enum class ControlTerms {
  none,   ///< it cannot be: the listener is read-only
  token,  ///< the token
  open,   ///< nothing
};

/// "none", "token", "open".
[[nodiscard]] std::string_view to_text(ControlTerms terms);

/// Who may do what. Control takes the token over TCP, and is refused there if there is none. Reads
/// take it over TCP if they are protected. A Unix socket takes no token. Control that a page of
/// another site has a browser ask for is refused everywhere.
///
/// Thread safety: all members may be called concurrently.
class AccessPolicy {
 public:
  /// Without a token, and with reads open.
  AccessPolicy() = default;
  AccessPolicy(std::string token, bool protects_reads) { set(std::move(token), protects_reads); }

  /// Replaces both at once, for requests from now on. An empty `token` is none; reads are then
  /// open.
  void set(std::string token, bool protects_reads);

  /// 401 or 403 for a request that may not be answered; else empty.
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

/// Whether a browser has sent the request for a page of another site. Other programs send neither
/// of the two header fields that tell: Sec-Fetch-Site, and Origin by older browsers.
[[nodiscard]] bool is_of_another_site(const HttpRequest& request);

}  // namespace provisr::daemon
