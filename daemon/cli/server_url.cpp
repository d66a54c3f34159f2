#include "daemon/cli/server_url.hpp"

#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"
#include "daemon/platform/platform_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace provisr::daemon {
namespace {

constexpr std::string_view scheme = "http://";
constexpr std::string_view unix_scheme = "unix:";

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format("\"{}\" {}", text, why));
}

void check_scheme(std::string_view text) {
  if (text.starts_with(scheme)) return;
  if (text.starts_with("https://")) {
    refuse(text,
           "is for TLS, which provisrd does not speak; use http://, or a tunnel such as ssh -L");
  }
  refuse(text, "must begin with http:// or unix:");
}

/// Decodes an IPv6 zone: a URL writes "fe80::1%eth0" as "[fe80::1%25eth0]" (RFC 6874).
[[nodiscard]] std::string with_plain_zone(std::string_view host) {
  std::string plain(host);
  const std::size_t zone = plain.find("%25");
  if (plain.starts_with('[') && zone != std::string::npos) plain.replace(zone, 3, "%");
  return plain;
}

[[nodiscard]] ListenAddress parse_authority(std::string_view authority, std::string_view text) {
  if (authority.find('@') != std::string_view::npos) {
    refuse("http://...@...", "must not hold a user or password; use --token-file");
  }
  std::string address = with_plain_zone(authority);
  const bool has_port = address.rfind(':') != std::string::npos && !address.ends_with(']');
  if (!has_port) address += ":80";
  ListenAddress parsed = parse_listen_address(address);
  if (parsed.host.empty()) refuse(text, "names no host");
  if (parsed.port == 0) refuse(text, "names port 0, which nobody listens on");
  return parsed;
}

}  // namespace

std::string ServerUrl::to_string() const {
  if (address.is_unix_socket()) return address.to_string();
  return fmt::format("{}{}{}", scheme, address.to_string(), base_path);
}

ServerUrl parse_server_url(std::string_view text) {
  if (text.starts_with(unix_scheme)) {
    return {.address = parse_socket_path(text.substr(unix_scheme.size()))};
  }
  check_scheme(text);
  if (text.find_first_of("?#") != std::string_view::npos) {
    refuse(text, "must not hold a query or a fragment");
  }
  const std::string_view rest = text.substr(scheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  ServerUrl url{.address = parse_authority(rest.substr(0, slash), text)};
  std::string_view base_path = rest.substr(slash);
  while (base_path.ends_with('/')) base_path.remove_suffix(1);
  if (base_path.empty()) return url;
  if (const auto fault = fault_in_base_path(base_path); !fault.empty()) {
    throw std::invalid_argument(fmt::format("the path {}", fault));
  }
  url.base_path = base_path;
  return url;
}

ListenAddress parse_socket_path(std::string_view path) {
  if (!platform_features().has_unix_sockets) {
    throw std::invalid_argument("this system has no Unix sockets for provisrd; use --url");
  }
  if (path.empty()) throw std::invalid_argument("the socket's path is empty");
  return {.host = "", .port = 0, .path = std::string(path)};
}

}  // namespace provisr::daemon
