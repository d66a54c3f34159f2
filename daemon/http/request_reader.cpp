#include "daemon/http/request_reader.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[noreturn]] void refuse(int status, std::string_view text) {
  throw RefusedRequest{status, std::string(text)};
}

/// Returns whether `c` may be in a method or in a field's name (RFC 9110, 5.6.2).
[[nodiscard]] bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
}

[[nodiscard]] bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

[[nodiscard]] bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

[[nodiscard]] bool is_field_character(char c) {
  return !is_control(c) || c == '\t';
}

/// Takes the text before `end`, and `end` itself, out of `text`. Takes all if there is no `end`.
[[nodiscard]] std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), taken.size() + end.size()));
  return taken;
}

[[nodiscard]] bool is_http_1_0(std::string_view version) {
  constexpr std::string_view name = "HTTP/";
  const bool is_version = version.size() == 8 && version.starts_with(name) &&
                          is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!is_version) refuse(400, "the request line does not end in an HTTP version");
  if (version[5] != '1') refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  return version[7] == '0';
}

/// Returns whether `text` may be an authority: without user information, which must not be in a
/// request, and without spaces.
[[nodiscard]] bool is_authority(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return is_control(c) || std::string_view(" ,/?#@\\\"").find(c) != std::string_view::npos;
  });
}

/// Returns whether the text behind the host's colon is a port.
[[nodiscard]] bool has_sound_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return true;
  if (bracket != std::string_view::npos && bracket > colon) return true;
  return std::all_of(authority.begin() + static_cast<std::ptrdiff_t>(colon) + 1, authority.end(),
                     is_digit);
}

/// Takes the authority out of a target in absolute form and returns it; empty for the origin form.
[[nodiscard]] std::optional<std::string> take_authority(std::string_view& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t length = std::min(target.find_first_of("/?#"), target.size());
    std::string authority(target.substr(0, length));
    target.remove_prefix(length);
    if (authority.empty()) refuse(400, "the request names no host");
    return authority;
  }
  return std::nullopt;
}

void read_target(std::string_view target, FramedRequest& framed) {
  if (std::any_of(target.begin(), target.end(), is_control)) {
    refuse(400, "the request line has a control character");
  }
  HttpRequest& request = framed.request;
  const auto authority = take_authority(target);
  const bool is_path =
      target.starts_with('/') || authority || (target == "*" && request.method == "OPTIONS");
  if (!is_path) refuse(400, "the request's target is neither a path nor an http URL");
  if (authority && !target.starts_with('/')) framed.target = "/";
  framed.target += target;
  request.host = authority.value_or("");
}

void read_field(std::string_view line, HttpHeaders& headers) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    refuse(400, "a header field does not begin with a name and a colon");
  }
  const std::string_view value = trimmed(line.substr(colon + 1), http_blanks);
  if (!std::all_of(value.begin(), value.end(), is_field_character)) {
    refuse(400, "a header field has a control character");
  }
  headers.add(std::string(line.substr(0, colon)), std::string(value));
}

/// Refuses a body before it is read, whichever way its end is marked.
void refuse_body(const HttpHeaders& headers) {
  const std::vector<std::string_view> lengths = headers.all("Content-Length");
  for (const std::string_view length : lengths) {
    if (length.empty() || !std::all_of(length.begin(), length.end(), is_digit)) {
      refuse(400, "Content-Length is not a number");
    }
    if (length != lengths.front()) refuse(400, "there are different values of Content-Length");
  }
  const bool is_empty =
      lengths.empty() || lengths.front().find_first_not_of('0') == std::string_view::npos;
  if (!is_empty || headers.find("Transfer-Encoding")) {
    refuse(413, "a request must not have a body");
  }
}

void read_host(HttpRequest& request, bool is_http_1_0) {
  const std::vector<std::string_view> hosts = request.headers.all("Host");
  if (hosts.empty() && !is_http_1_0) refuse(400, "the header field Host is missing");
  if (hosts.size() > 1) refuse(400, "the header field Host is there more than once");
  if (request.host.empty() && !hosts.empty()) request.host = hosts.front();
  if (!is_authority(request.host) || !has_sound_port(request.host))
    refuse(400, "the host is malformed");
}

/// Returns whether a list such as "keep-alive, Upgrade" has a member.
[[nodiscard]] bool has_member(const std::vector<std::string_view>& lists, std::string_view member) {
  for (std::string_view list : lists) {
    while (!list.empty()) {
      if (equal_ignoring_case(trimmed(take_until(list, ","), http_blanks), member)) return true;
    }
  }
  return false;
}

[[nodiscard]] bool asks_to_keep_alive(const HttpHeaders& headers, bool is_http_1_0) {
  const std::vector<std::string_view> lists = headers.all("Connection");
  if (has_member(lists, "close")) return false;
  return !is_http_1_0 || has_member(lists, "keep-alive");
}

/// Parses a request line and fields, each with its CRLF, without the empty line.
[[nodiscard]] FramedRequest parse(std::string_view head) {
  FramedRequest framed;
  HttpRequest& request = framed.request;
  std::string_view line = take_until(head, "\r\n");
  request.method = take_until(line, " ");
  if (!is_token(request.method)) refuse(400, "the request does not begin with a method");
  const std::string_view target = take_until(line, " ");
  framed.is_http_1_0 = is_http_1_0(line);
  read_target(target, framed);
  while (!head.empty()) read_field(take_until(head, "\r\n"), request.headers);
  read_host(request, framed.is_http_1_0);
  refuse_body(request.headers);
  framed.keeps_alive = asks_to_keep_alive(request.headers, framed.is_http_1_0);
  return framed;
}

}  // namespace

void RequestReader::append(std::string_view bytes) {
  buffer_ += bytes;
}

RequestReader::Result RequestReader::next() {
  try {
    skip_empty_lines();
    if (!buffer_.empty() && !is_token_character(buffer_.front()) && buffer_ != "\r") {
      refuse(400, "the request does not begin with a method");
    }
    for (;;) {
      const Line line = take_line();
      if (line == Line::none) return IncompleteRequest{};
      if (line == Line::last) return take_request();
    }
  } catch (RefusedRequest& refusal) {
    return std::move(refusal);
  }
}

/// Some clients send an empty line after a request (RFC 9112, 2.2).
void RequestReader::skip_empty_lines() {
  if (fields_start_ > 0) return;
  std::size_t end = 0;
  while (buffer_.compare(end, 2, "\r\n") == 0) end += 2;
  if (end == 0) return;
  buffer_.erase(0, end);
  scanned_ = 0;
  if (buffer_.empty()) buffer_.shrink_to_fit();  // keeps an idle connection cheap
}

RequestReader::Line RequestReader::take_line() {
  const std::size_t feed = buffer_.find('\n', scanned_);
  scanned_ = feed == std::string::npos ? buffer_.size() : feed + 1;
  check_sizes(scanned_);
  if (feed == std::string::npos) return Line::none;
  if (feed == line_start_ || buffer_[feed - 1] != '\r') {
    refuse(400, "a line does not end in CR LF");
  }
  const bool is_empty = feed == line_start_ + 1;
  line_start_ = scanned_;
  if (fields_start_ == 0) {
    fields_start_ = scanned_;
    return Line::field;
  }
  if (is_empty) return Line::last;
  if (++fields_ > limits_->header_fields) refuse(431, "there are too many header fields");
  return Line::field;
}

void RequestReader::check_sizes(std::size_t end) const {
  constexpr std::size_t line_end = 2;
  if (fields_start_ == 0) {
    if (end > limits_->request_line + line_end) {
      refuse(414, fmt::format("the request line is longer than {} bytes", limits_->request_line));
    }
  } else if (end - fields_start_ > limits_->headers + line_end) {
    refuse(431, fmt::format("the header is longer than {} bytes", limits_->headers));
  }
}

FramedRequest RequestReader::take_request() {
  constexpr std::size_t empty_line = 2;
  const std::size_t end = std::exchange(scanned_, 0);
  FramedRequest framed = parse(std::string_view(buffer_).substr(0, end - empty_line));
  buffer_.erase(0, end);
  if (buffer_.empty()) buffer_.shrink_to_fit();
  line_start_ = 0;
  fields_start_ = 0;
  fields_ = 0;
  return framed;
}

}  // namespace provisr::daemon
