#include "daemon/http/token.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace provisr::daemon {
namespace {

/// Returns what follows the scheme "Bearer" (in any case) and spaces; empty for other credentials.
[[nodiscard]] std::optional<std::string_view> bearer_of(std::string_view credentials) {
  const std::size_t space = std::min(credentials.find(' '), credentials.size());
  if (!equal_ignoring_case(credentials.substr(0, space), "Bearer")) return std::nullopt;
  credentials.remove_prefix(space);
  credentials.remove_prefix(std::min(credentials.find_first_not_of(' '), credentials.size()));
  return credentials;
}

}  // namespace

bool Token::is(std::string_view text) const noexcept {
  // Volatile: otherwise the compiler might leave the loop at the first difference.
  volatile unsigned char difference = text.size() == secret_.size() ? 0 : 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto given = static_cast<unsigned char>(text[i]);
    const auto secret = static_cast<unsigned char>(secret_[i % secret_.size()]);
    difference = static_cast<unsigned char>(difference | (given ^ secret));
  }
  return difference == 0;
}

Token::Shown Token::shown_by(const HttpHeaders& headers) const {
  const std::vector<std::string_view> fields = headers.all("Authorization");
  if (fields.size() > 1) return Shown::wrong;
  if (fields.empty()) return Shown::nothing;
  const auto bearer = bearer_of(fields.front());
  if (!bearer) return Shown::nothing;
  return is(*bearer) ? Shown::right : Shown::wrong;
}

}  // namespace provisr::daemon
