#include "daemon/config.hpp"
#include "daemon/platform_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace provisr::daemon {
namespace {

/// sun_path holds 108 bytes, the last of which is a NUL (unix(7)).
constexpr std::size_t longest_socket_path = 107;

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"\u00b5s", 1'000},  // micro sign
    Unit{"\u03bcs", 1'000},  // Greek mu
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format("\"{}\" {}", text, why));
}

[[noreturn]] void refuse_duration(std::string_view text) {
  refuse(text, "is not a duration; \"100ms\", \"5s\" or \"1m30s\" is expected");
}

std::string_view take_while(std::string_view& rest, bool (*belongs)(char)) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), belongs);
  const auto taken = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(taken.size());
  return taken;
}

/// The digits behind a point, as a part of one unit. Digits beyond the ninth are below a
/// nanosecond for every unit up to a second and are dropped.
std::int64_t fraction_of(std::string_view digits, std::int64_t unit) {
  double nanoseconds = 0;
  double weight = static_cast<double>(unit);
  for (const char digit : digits.substr(0, 9)) {
    weight /= 10;
    nanoseconds += weight * (digit - '0');
  }
  return std::llround(nanoseconds);
}

/// Takes one "1.5s" off the front of `rest`; `text` is the whole, for the fault.
std::int64_t take_part(std::string_view& rest, std::string_view text) {
  const std::string_view whole = take_while(rest, is_digit);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_while(rest, is_digit);
  }
  if (whole.empty() && fraction.empty()) refuse_duration(text);

  const std::string_view name = take_while(rest, [](char c) { return !is_digit(c) && c != '.'; });
  if (name.empty()) refuse(text, "has no unit; ns, us, ms, s, m or h is expected");
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.name == name; });
  if (unit == units.end()) refuse_duration(text);

  std::int64_t count = 0;
  if (!whole.empty()) {
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
    if (error != std::errc() || end != whole.data() + whole.size()) refuse(text, "is too long");
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t added = fraction_of(fraction, unit->nanoseconds);
  if (count > (most - added) / unit->nanoseconds) refuse(text, "is too long");
  return count * unit->nanoseconds + added;
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
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
         c == '_';
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

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text) {
  if (text.starts_with('-')) refuse(text, "is negative");
  std::string_view rest = text;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty()) refuse_duration(text);

  std::int64_t total = 0;
  while (!rest.empty()) {
    const std::int64_t part = take_part(rest, text);
    if (part > std::numeric_limits<std::int64_t>::max() - total) refuse(text, "is too long");
    total += part;
  }
  using namespace std::chrono;
  const auto duration = duration_cast<milliseconds>(nanoseconds(total));
  if (duration < milliseconds(1)) refuse(text, "is too short; 1ms is the least");
  return duration;
}

ListenAddress parse_listen_address(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix_address(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    refuse(text, "has no port; \"host:port\", \":port\" or \"unix:/path\" is expected");
  }
  const std::string_view host = parse_host(text.substr(0, colon), text);
  return {.host = std::string(host), .port = parse_port(text.substr(colon + 1), text), .path = ""};
}

std::string ListenAddress::to_string() const {
  if (is_unix_socket()) return "unix:" + path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace provisr::daemon
