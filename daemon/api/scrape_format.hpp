#pragma once

#include "daemon/http/request.hpp"

#include <provisr/prometheus_writer.hpp>

#include <string>

namespace provisr::daemon {

/// The format of an answer to a scrape.
struct ScrapeFormat {
  ExpositionFormat format = ExpositionFormat::text;
  std::string content_type;
  bool is_gzipped = false;
};

/// Chooses the format by Accept and Accept-Encoding: OpenMetrics only if the client prefers it,
/// otherwise the text format, even if neither is acceptable. The content type repeats the requested
/// `escaping`, because provisrd has no name that any scheme would escape.
[[nodiscard]] ScrapeFormat negotiate_scrape(const HttpHeaders& headers);

}  // namespace provisr::daemon
