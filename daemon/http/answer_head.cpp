#include "daemon/http/answer_head.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr auto phrases = std::to_array<std::pair<int, std::string_view>>({
    {200, "OK"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
});

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* const found = std::find_if(phrases.begin(), phrases.end(),
                                         [&](const auto& row) { return row.first == status; });
  return found == phrases.end() ? "" : found->second;
}

std::string answer_head(const HttpAnswer& answer, Framing framing, bool keeps_alive) {
  std::string head;
  const auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", answer.status,
                 reason_phrase(answer.status), fmt::gmtime(std::time(nullptr)));
  fmt::format_to(out,
                 "Content-Type: {}\r\nCache-Control: no-store\r\n"
                 "X-Content-Type-Options: nosniff\r\n",
                 answer.content_type);
  for (const auto& [name, value] : answer.headers) {
    fmt::format_to(out, "{}: {}\r\n", name, value);
  }
  if (framing == Framing::chunks) head += "Transfer-Encoding: chunked\r\n";
  if (framing == Framing::length) {
    fmt::format_to(out, "Content-Length: {}\r\n", answer.body ? answer.body->size() : 0);
  }
  head += keeps_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace provisr::daemon
