#pragma once

#include "daemon/http/request.hpp"

#include <provisr/prometheus_writer.hpp>

#include <string>

namespace provisr::daemon {

/// What a scraper gets.
struct ScrapeFormat {
  ExpositionFormat format = ExpositionFormat::text;
  std::string content_type;
  bool is_gzipped = false;
};

/// By Accept and Accept-Encoding. OpenMetrics only for who prefers it, else the text format, also
/// if neither is acceptable. The content type repeats the `escaping` that was asked for: no name of
/// ours has to be escaped, by whatever scheme.
[[nodiscard]] ScrapeFormat negotiate_scrape(const HttpHeaders& headers);

}  // namespace provisr::daemon
