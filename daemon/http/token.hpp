#pragma once

#include "daemon/http/request.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {

/// A secret that requests show as `Authorization: Bearer SECRET` (RFC 6750). Never printed.
///
/// Thread safety: all const members may be called concurrently.
class Token {
 public:
  /// `secret` is not empty.
  explicit Token(std::string secret) : secret_(std::move(secret)) {}

  /// How long it takes depends on the length of `text`, not on the secret or on how much of it
  /// matches.
  [[nodiscard]] bool is(std::string_view text) const noexcept;

  enum class Shown {
    nothing,  ///< no credentials, or such of another scheme
    wrong,    ///< another token, or several
    right,
  };
  [[nodiscard]] Shown shown_by(const HttpHeaders& headers) const;

 private:
  std::string secret_;
};

}  // namespace provisr::daemon
