#include "daemon/http/compression.hpp"

#include "daemon/base/gzip.hpp"
#include "daemon/http/negotiation.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

/// Smaller bodies fit in one packet anyway.
constexpr std::size_t least_size = 1024;
/// Bytes compressed at once.
constexpr std::size_t slice_size = std::size_t{64} * 1024;

/// Excludes event streams: no event may wait for the next one.
[[nodiscard]] bool is_text(std::string_view type) {
  if (type.starts_with("text/event-stream")) return false;
  return type.starts_with("text/") || type == "application/json";
}

/// Returns whether the route has chosen the coding, even if it chose none.
[[nodiscard]] bool has_coding(const HttpAnswer& answer) {
  return std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& field) {
    return field.first == "Content-Encoding" ||
           (field.first == "Vary" && field.second.find("Accept-Encoding") != std::string::npos);
  });
}

[[nodiscard]] bool is_compressible(const HttpAnswer& answer) {
  if (answer.status != 200 || answer.deferral.begin || has_coding(answer)) return false;
  if (!is_text(answer.content_type)) return false;
  return answer.source || (answer.body && answer.body->size() >= least_size);
}

[[nodiscard]] HttpSource slices_of(std::shared_ptr<const std::string> body) {
  return [body = std::move(body), begin = std::size_t{0}](std::string& piece) mutable {
    const std::string_view slice = std::string_view(*body).substr(begin, slice_size);
    piece += slice;
    begin += slice.size();
    return begin == body->size() ? PullResult::end : PullResult::piece;
  };
}

[[nodiscard]] HttpSource packed(HttpSource source) {
  return [source = std::move(source), stream = std::make_shared<GzipStream>()](std::string& piece) {
    std::string plain;
    const PullResult pulled = source(plain);
    if (pulled == PullResult::end) {
      stream->finish(plain, piece);
    } else if (!plain.empty()) {
      stream->add(plain, piece);
    }
    return pulled;
  };
}

}  // namespace

HttpAnswer compressed_for(const HttpHeaders& headers, HttpAnswer answer) {
  if (!can_gzip() || !is_compressible(answer)) return answer;
  answer.headers.emplace_back("Vary", "Accept-Encoding");
  if (!wants_gzip(headers)) return answer;
  answer.headers.emplace_back("Content-Encoding", "gzip");
  if (!answer.source && answer.body->size() <= slice_size) {
    std::string text;
    GzipStream().finish(*answer.body, text);
    answer.body = std::make_shared<const std::string>(std::move(text));
    return answer;
  }
  if (!answer.source) answer.source = slices_of(std::move(answer.body));
  answer.source = packed(std::move(answer.source));
  return answer;
}

}  // namespace provisr::daemon
