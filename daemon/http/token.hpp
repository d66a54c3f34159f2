#pragma once

#include "daemon/http/request.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {

/// A secret that requests present as `Authorization: Bearer SECRET` (RFC 6750). Never printed.
///
/// Thread safety: all const members may be called concurrently.
class Token {
 public:
  /// `secret` must not be empty.
  explicit Token(std::string secret) : secret_(std::move(secret)) {}

  /// Takes a time that depends on the length of `text` only, not on the secret or what matches.
  [[nodiscard]] bool is(std::string_view text) const noexcept;

  enum class Shown {
    nothing,  ///< no credentials, or credentials of another scheme
    wrong,    ///< another token, or several
    right,
  };
  [[nodiscard]] Shown shown_by(const HttpHeaders& headers) const;

 private:
  std::string secret_;
};

}  // namespace provisr::daemon
