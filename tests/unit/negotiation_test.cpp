#include "daemon/http/negotiation.hpp"

#include "daemon/api/scrape_format.hpp"
#include "daemon/base/gzip.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using namespace provisr;
using namespace provisr::daemon;

namespace {

[[nodiscard]] HttpHeaders with_field(std::string_view name, std::string_view value) {
  HttpHeaders headers;
  headers.add(std::string(name), std::string(value));
  return headers;
}

[[nodiscard]] std::string content_type_for(std::string_view accept) {
  return negotiate_scrape(with_field("Accept", accept)).content_type;
}

[[nodiscard]] bool gets_openmetrics(std::string_view accept) {
  return negotiate_scrape(with_field("accept", accept)).format == ExpositionFormat::openmetrics;
}

[[nodiscard]] bool gets_gzip(std::string_view accept_encoding) {
  return wants_gzip(with_field("Accept-Encoding", accept_encoding));
}

constexpr std::string_view text = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view openmetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace

TEST_CASE("what Prometheus's releases accept gets what they prefer", "[negotiation]") {
  CHECK(content_type_for("application/openmetrics-text;version=1.0.0,application/"
                         "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
                         "*/*;q=0.1") == openmetrics);  // 2.42
  CHECK(content_type_for(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
            "openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q="
            "0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2") ==
        std::string(openmetrics) + "; escaping=allow-utf-8");  // 3.x
  CHECK(content_type_for("text/plain;version=0.0.4;escaping=underscores;q=0.9,application/"
                         "openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,*/*;q=0.2") ==
        std::string(text) + "; escaping=underscores");
  CHECK(content_type_for("application/vnd.google.protobuf;proto=io.prometheus.client."
                         "MetricFamily;encoding=delimited,application/openmetrics-text;"
                         "version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5") == openmetrics);
}

TEST_CASE("who has no preference gets the text format", "[negotiation]") {
  CHECK(negotiate_scrape({}).content_type == text);
  CHECK(content_type_for("*/*") == text);
  CHECK(content_type_for("text/html,application/xhtml+xml,*/*;q=0.8") == text);
  CHECK(content_type_for("application/json") == text);
  CHECK(content_type_for("") == text);
  CHECK(content_type_for("application/openmetrics-text;version=0.0.1") == text);
  CHECK(content_type_for("application/openmetrics-text;q=0") == text);
}

TEST_CASE("q-values decide, then what is more exact, then what comes first", "[negotiation]") {
  CHECK(gets_openmetrics("application/openmetrics-text"));
  CHECK(gets_openmetrics("Application/OpenMetrics-Text; Version=\"1.0.0\""));
  CHECK(gets_openmetrics("text/plain;q=0.5 , application/openmetrics-text ; q=0.501"));
  CHECK(gets_openmetrics("*/*, application/openmetrics-text"));
  CHECK(gets_openmetrics("application/openmetrics-text, text/plain"));
  CHECK(gets_openmetrics("text/plain;q=0, */*;q=0.001"));
  CHECK_FALSE(gets_openmetrics("text/plain, application/openmetrics-text"));
  CHECK_FALSE(gets_openmetrics("text/plain;q=0.5, application/openmetrics-text;q=0.499"));
  CHECK_FALSE(gets_openmetrics("application/openmetrics-text;version=1.0.0;q=0, */*"));
  CHECK_FALSE(
      gets_openmetrics("application/*;q=0.5, application/openmetrics-text;q=0, text/*;q=0.1"));
}

TEST_CASE("preferences that cannot be read are passed over", "[negotiation]") {
  CHECK(
      gets_openmetrics(",, ;q=1, text/plain;q=, text/plain;q=2, text/plain;q=0.1234, "
                       "text/plain;q=-1, text/plain;q=1.001, text/plain;q=.5, text/plain;x, "
                       "application/openmetrics-text;q=0.001"));
  CHECK(content_type_for("text/plain;escaping=\"a\\\"b, c\"") == text);
  CHECK(content_type_for("text/plain;escaping=\"unterminated") == text);
  CHECK(content_type_for("text/plain;escaping=\"x\\") == text);
  CHECK(content_type_for("text/plain;escaping=evil") == text);
}

TEST_CASE("fields that come more than once count as one", "[negotiation]") {
  HttpHeaders headers = with_field("Accept", "text/plain;q=0.1");
  headers.add("ACCEPT", "application/openmetrics-text;q=0.2");
  CHECK(negotiate_scrape(headers).format == ExpositionFormat::openmetrics);
}

TEST_CASE("gzip is for those who want it", "[negotiation]") {
  CHECK(gets_gzip("gzip"));
  CHECK(gets_gzip("GZIP;q=0.001"));
  CHECK(gets_gzip("deflate, x-gzip, br"));
  CHECK(gets_gzip("*"));
  CHECK(gets_gzip("gzip, identity"));
  CHECK(gets_gzip("identity;q=0, *;q=0.5"));
  CHECK_FALSE(wants_gzip({}));
  CHECK_FALSE(gets_gzip(""));
  CHECK_FALSE(gets_gzip("identity"));
  CHECK_FALSE(gets_gzip("gzip;q=0"));
  CHECK_FALSE(gets_gzip("gzip;q=0, *"));
  CHECK_FALSE(gets_gzip("*;q=0"));
  CHECK_FALSE(gets_gzip("gzip;q=0.5, identity;q=0.9"));
  CHECK_FALSE(gets_gzip("br, deflate"));
  CHECK(negotiate_scrape(with_field("Accept-Encoding", "gzip")).is_gzipped == can_gzip());
}
