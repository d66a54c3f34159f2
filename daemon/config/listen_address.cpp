#include "daemon/config/listen_address.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/platform_features.hpp"
#include "daemon/platform/user_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>

namespace provisr::daemon {
namespace {

/// sun_path holds 108 bytes, the last of which is a NUL (unix(7)).
constexpr std::size_t longest_socket_path = 107;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format("\"{}\" {}", text, why));
}

int parse_port(std::string_view port, std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool all_digits = !port.empty() && std::all_of(port.begin(), port.end(), is_digit);
  if (!all_digits || error != std::errc() || end != port.data() + port.size() || number > 65535) {
    refuse(text, "has no valid port: 0 to 65535 is expected behind the last colon");
  }
  return number;
}

bool is_host_character(char c) {
  return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_character(char c) {
  return is_host_character(c) || c == ':' || c == '%';  // %: a zone, as in fe80::1%eth0
}

ListenAddress parse_unix_address(std::string_view text) {
  if (!platform_features().has_unix_sockets) {
    refuse(text, "is for systems with Unix sockets; \"host:port\" or \":port\" is expected");
  }
  const std::string_view path = text.substr(std::string_view("unix:").size());
  if (!path.starts_with('/')) refuse(text, "has no absolute path; \"unix:/path\" is expected");
  if (path.size() > longest_socket_path) {
    refuse(text, fmt::format("has a path of {} bytes; a socket takes at most {}", path.size(),
                             longest_socket_path));
  }
  return {.host = "", .port = 0, .path = std::string(path)};
}

std::string_view parse_host(std::string_view host, std::string_view text) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') != std::string_view::npos &&
        std::all_of(host.begin(), host.end(), is_ipv6_character)) {
      return host;
    }
    refuse(text, "has no IPv6 address in its brackets");
  }
  if (host.find(':') != std::string_view::npos) {
    refuse(text, "is ambiguous: an IPv6 address goes in brackets, as in \"[::1]:8080\"");
  }
  if (!std::all_of(host.begin(), host.end(), is_host_character)) {
    refuse(text, "has no valid host in front of its port");
  }
  return host;
}

bool is_all_interfaces(std::string_view host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix_address(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    refuse(text, "has no port; \"host:port\", \":port\" or \"unix:/path\" is expected");
  }
  const std::string_view host = parse_host(text.substr(0, colon), text);
  return {.host = std::string(host), .port = parse_port(text.substr(colon + 1), text), .path = ""};
}

bool clash(const ListenAddress& one, const ListenAddress& other) {
  if (one.is_unix_socket() || other.is_unix_socket()) return one.path == other.path;
  if (one.port != other.port || one.port == 0) return false;
  return one.host == other.host || is_all_interfaces(one.host) || is_all_interfaces(other.host);
}

std::string fault_in_socket_group(const std::string& group, const ListenAddress& listen) {
  if (group.empty()) return {};
  if (!platform_features().has_unix_sockets) return "is for systems with Unix sockets";
  if (!listen.is_unix_socket()) {
    return fmt::format("is for a Unix socket, \"unix:/path\"; listen is \"{}\"",
                       listen.to_string());
  }
  try {
    if (group_id(group)) return {};
    return fmt::format("there is no group \"{}\" on this machine", group);
  } catch (const std::system_error& failure) {
    return fmt::format("the group \"{}\" cannot be looked up: {}", group, failure.code().message());
  }
}

}  // namespace provisr::daemon
