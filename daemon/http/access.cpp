#include "daemon/http/access.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] HttpAnswer ask_for_token(Token::Shown shown) {
  const bool is_wrong = shown == Token::Shown::wrong;
  HttpAnswer answer = error_answer(401, is_wrong ? "the token is wrong"
                                                 : "this takes the header field \"Authorization: "
                                                   "Bearer TOKEN\", with the token of token_file");
  answer.headers.emplace_back(
      "WWW-Authenticate",
      is_wrong ? R"(Bearer realm="provisr", error="invalid_token")" : R"(Bearer realm="provisr")");
  return answer;
}

[[nodiscard]] HttpAnswer say_read_only() {
  return error_answer(
      403,
      "over TCP, provisrd is read-only as it has no token: to control it, set "
      "token_file of [server.auth] in the configuration, or let it listen on a Unix "
      "socket");
}

[[nodiscard]] HttpAnswer refuse_other_site() {
  return error_answer(403, "the page of another site must not control provisrd");
}

}  // namespace

std::string_view to_text(ControlTerms terms) {
  switch (terms) {
    case ControlTerms::token:
      return "token";
    case ControlTerms::open:
      return "open";
    case ControlTerms::none:
      break;
  }
  return "none";
}

void AccessPolicy::set(std::string token, bool protects_reads) {
  auto rules = std::make_shared<Rules>();
  if (!token.empty()) {
    rules->token.emplace(std::move(token));
    rules->protects_reads = protects_reads;
  }
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
}

std::shared_ptr<const AccessPolicy::Rules> AccessPolicy::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

std::optional<HttpAnswer> AccessPolicy::refusal_of(const HttpRequest& request, Access access,
                                                   Transport transport) const {
  if (access == Access::open) return std::nullopt;
  if (access == Access::control && is_of_another_site(request)) return refuse_other_site();
  if (transport == Transport::unix_socket) return std::nullopt;
  const std::shared_ptr<const Rules> now = rules();
  if (access == Access::read && !now->protects_reads) return std::nullopt;
  if (!now->token) return say_read_only();
  const Token::Shown shown = now->token->shown_by(request.headers);
  if (shown == Token::Shown::right) return std::nullopt;
  return ask_for_token(shown);
}

ControlTerms AccessPolicy::control_terms(Transport transport) const {
  if (transport == Transport::unix_socket) return ControlTerms::open;
  return rules()->token ? ControlTerms::token : ControlTerms::none;
}

/// Sec-Fetch-Site is "none" for an address that was typed in or bookmarked. Origin is used only
/// without Sec-Fetch-Site: behind a proxy, Origin may differ from the host that the proxy sends.
bool is_of_another_site(const HttpRequest& request) {
  const std::vector<std::string_view> sites = request.headers.all("Sec-Fetch-Site");
  if (!sites.empty()) {
    return sites.size() > 1 || (sites.front() != "same-origin" && sites.front() != "none");
  }
  const std::vector<std::string_view> origins = request.headers.all("Origin");
  if (origins.empty()) return false;
  const std::string_view origin = origins.front();
  const std::size_t scheme_end = origin.find("://");
  if (origins.size() > 1 || scheme_end == std::string_view::npos) return true;
  return request.host.empty() || !equal_ignoring_case(origin.substr(scheme_end + 3), request.host);
}

}  // namespace provisr::daemon
