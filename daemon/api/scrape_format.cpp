#include "daemon/api/scrape_format.hpp"

#include "daemon/base/gzip.hpp"
#include "daemon/http/negotiation.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace provisr::daemon {
namespace {

/// Returns whether `text` is one of prometheus.io/docs/instrumenting/escaping_schemes. Nothing else
/// is repeated to a client.
[[nodiscard]] bool is_escaping_scheme(std::string_view text) {
  constexpr auto schemes =
      std::to_array<std::string_view>({"allow-utf-8", "underscores", "dots", "values"});
  return std::find(schemes.begin(), schemes.end(), text) != schemes.end();
}

[[nodiscard]] std::string content_type(ExpositionFormat format, const Preference* range) {
  std::string text(content_type_of(format));
  const auto escaping = range == nullptr ? std::nullopt : range->parameter("escaping");
  if (escaping && is_escaping_scheme(*escaping)) text.append("; escaping=").append(*escaping);
  return text;
}

}  // namespace

ScrapeFormat negotiate_scrape(const HttpHeaders& headers) {
  const MediaType plain{"text", "plain", {{"version", "0.0.4"}, {"charset", "utf-8"}}};
  const MediaType openmetrics{
      "application", "openmetrics-text", {{"version", "1.0.0"}, {"charset", "utf-8"}}};
  const std::vector<Preference> accept = preferences(headers, "Accept");
  const Suitability as_text = suitability_of(plain, accept, "escaping");
  const Suitability as_openmetrics = suitability_of(openmetrics, accept, "escaping");
  const bool is_text = as_openmetrics.quality == 0 || !(as_text < as_openmetrics);
  const auto format = is_text ? ExpositionFormat::text : ExpositionFormat::openmetrics;
  return {.format = format,
          .content_type = content_type(format, is_text ? as_text.range : as_openmetrics.range),
          .is_gzipped = can_gzip() && wants_gzip(headers)};
}

}  // namespace provisr::daemon
