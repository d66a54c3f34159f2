#include "daemon/http/host_policy.hpp"

#include "daemon/http/request.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

/// Returns the host without its port and without the final dot of a complete domain name.
[[nodiscard]] std::string_view host_of(std::string_view authority) {
  std::string_view host = authority;
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (bracket == std::string_view::npos || bracket < colon) host = authority.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

/// No domain name is in brackets, and none ends in a label of digits only (RFC 3696, 2).
[[nodiscard]] bool is_ip_address(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool HostPolicy::allows(std::string_view authority) const {
  const std::string_view host = host_of(authority);
  if (host.empty() || is_ip_address(host) || equal_ignoring_case(host, "localhost")) return true;
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
    return name == "*" || equal_ignoring_case(host_of(name), host);
  });
}

std::vector<std::string> names_of_machine(std::string_view full_name) {
  if (full_name.empty()) return {};
  std::vector<std::string> names{std::string(full_name)};
  const std::string_view short_name = full_name.substr(0, full_name.find('.'));
  if (!short_name.empty() && short_name != full_name) names.emplace_back(short_name);
  return names;
}

}  // namespace provisr::daemon
