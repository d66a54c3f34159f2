#include <provisr/prometheus.hpp>

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>

using namespace provisr;

namespace {

/// Returns the line of one sample with this value.
template <class Number>
std::string line_of(Number value) {
  std::string text;
  PrometheusWriter writer(text);
  writer.family("m", "gauge", "h");
  text.clear();
  writer.sample({}, value);
  return text;
}

/// Returns the text of a family without samples.
std::string family_of(std::string_view help) {
  std::string text;
  PrometheusWriter(text).family("m", "counter", help);
  return text;
}

std::string line_with_label(std::string_view value) {
  std::string text;
  PrometheusWriter writer(text);
  writer.family("m", "gauge", "h");
  text.clear();
  writer.sample({{"l", value}}, 1);
  return text;
}

}  // namespace

TEST_CASE("the content type is that of the text format", "[prometheus]") {
  CHECK(PrometheusWriter::content_type == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("help texts are escaped", "[prometheus]") {
  CHECK(family_of("plain \"quoted\"") == "# HELP m plain \"quoted\"\n# TYPE m counter\n");
  CHECK(family_of("two\nlines") == "# HELP m two\\nlines\n# TYPE m counter\n");
  CHECK(family_of("C:\\new\\") == "# HELP m C:\\\\new\\\\\n# TYPE m counter\n");
  CHECK(family_of("") == "# HELP m \n# TYPE m counter\n");
}

TEST_CASE("label values are escaped", "[prometheus]") {
  CHECK(line_with_label("plain") == "m{l=\"plain\"} 1\n");
  CHECK(line_with_label("") == "m{l=\"\"} 1\n");
  CHECK(line_with_label("say \"hi\"") == "m{l=\"say \\\"hi\\\"\"} 1\n");
  CHECK(line_with_label("a\\b") == "m{l=\"a\\\\b\"} 1\n");
  CHECK(line_with_label("a\nb") == "m{l=\"a\\nb\"} 1\n");
  CHECK(line_with_label("\\\n\"") == "m{l=\"\\\\\\n\\\"\"} 1\n");
  CHECK(line_with_label("caf\xc3\xa9 {}=,") == "m{l=\"caf\xc3\xa9 {}=,\"} 1\n");
}

TEST_CASE("labels are parted by commas", "[prometheus]") {
  std::string text;
  PrometheusWriter writer(text);
  writer.family("m", "gauge", "h");
  text.clear();
  writer.sample({{"a", "1"}, {"b", "2"}, {"c", "3"}}, 4);
  writer.sample_of_process("my-app", 5);
  CHECK(text == "m{a=\"1\",b=\"2\",c=\"3\"} 4\nm{name=\"my-app\"} 5\n");
}

TEST_CASE("lines of processes are whole, however long their parts are", "[prometheus]") {
  for (const std::size_t size : {1U, 100U, 400U, 464U, 474U, 475U, 476U, 500U, 512U, 2'000U}) {
    const std::string family(size, 'f');
    for (const std::string& process : {std::string("p"), std::string(size, 'p')}) {
      std::string text;
      PrometheusWriter writer(text);
      writer.family(family, "gauge", "h");
      text.clear();
      writer.sample_of_process(process, 1);
      writer.sample_of_process("q", -2.2250738585072014e-308);
      writer.sample_of_process(process, {"base", process}, std::uint64_t(1) << 63U);
      const std::string start = family + "{name=\"";
      CHECK(text == start + process + "\"} 1\n" + start + "q\"} -2.2250738585072014e-308\n" +
                        start + process + "\",base=\"" + process + "\"} 9223372036854775808\n");
    }
  }
}

TEST_CASE("a line of a process holds nothing of an earlier family", "[prometheus]") {
  std::string text;
  PrometheusWriter writer(text);
  writer.family("a_long_name", "gauge", "h");
  writer.sample_of_process("process", 1);
  writer.family("m", "gauge", "h");
  text.clear();
  writer.sample_of_process("p", 2);
  writer.sample({{"l", "v"}}, 3);
  CHECK(text == "m{name=\"p\"} 2\nm{l=\"v\"} 3\n");
}

TEST_CASE("numbers are as short as can be", "[prometheus]") {
  CHECK(line_of(0) == "m 0\n");
  CHECK(line_of(-1) == "m -1\n");
  CHECK(line_of(0.1) == "m 0.1\n");
  CHECK(line_of(128.5) == "m 128.5\n");
  CHECK(line_of(100.0) == "m 100\n");
  CHECK(line_of(-0.0) == "m -0\n");
  CHECK(line_of(std::numeric_limits<std::uint64_t>::max()) == "m 18446744073709551615\n");
  CHECK(line_of(std::numeric_limits<std::int64_t>::min()) == "m -9223372036854775808\n");
  CHECK(line_of(std::numeric_limits<double>::lowest()) == "m -1.7976931348623157e+308\n");
  CHECK(line_of(std::numeric_limits<double>::denorm_min()) == "m 5e-324\n");
}

TEST_CASE("a bool is 0 or 1, and a float is the double of its value", "[prometheus]") {
  CHECK(line_of(true) == "m 1\n");
  CHECK(line_of(false) == "m 0\n");
  CHECK(line_of(0.5F) == "m 0.5\n");
  CHECK(line_of(std::chrono::milliseconds(1'500)) == "m 1.5\n");
}

TEST_CASE("special numbers are written as Prometheus reads them", "[prometheus]") {
  CHECK(line_of(std::numeric_limits<double>::quiet_NaN()) == "m NaN\n");
  CHECK(line_of(-std::numeric_limits<double>::quiet_NaN()) == "m NaN\n");
  CHECK(line_of(std::numeric_limits<double>::infinity()) == "m +Inf\n");
  CHECK(line_of(-std::numeric_limits<double>::infinity()) == "m -Inf\n");
}

TEST_CASE("doubles read back as the same bits", "[prometheus]") {
  std::mt19937_64 random(20'250'127U);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string line = line_of(value);
    CAPTURE(line);
    REQUIRE(line.starts_with("m "));
    REQUIRE(line.ends_with("\n"));
    char* end = nullptr;
    const double read_back = std::strtod(line.c_str() + 2, &end);
    REQUIRE(std::string_view(end) == "\n");
    REQUIRE(std::bit_cast<std::uint64_t>(read_back) == std::bit_cast<std::uint64_t>(value));
  }
}

TEST_CASE("times are written in seconds, exactly", "[prometheus]") {
  using std::chrono::nanoseconds;
  CHECK(line_of(nanoseconds(0)) == "m 0\n");
  CHECK(line_of(nanoseconds(1)) == "m 0.000000001\n");
  CHECK(line_of(nanoseconds(1'500'000'000)) == "m 1.5\n");
  CHECK(line_of(nanoseconds(2'000'000'000)) == "m 2\n");
  CHECK(line_of(nanoseconds(-1'250'000'000)) == "m -1.25\n");
  CHECK(line_of(nanoseconds::max()) == "m 9223372036.854775807\n");
  CHECK(line_of(nanoseconds::min()) == "m -9223372036.854775808\n");
  CHECK(line_of(std::chrono::hours(-2)) == "m -7200\n");
  CHECK(line_of(std::chrono::seconds::max()) == "m 9223372036.854775807\n");
  CHECK(line_of(std::chrono::hours::min()) == "m -9223372036.854775807\n");
  CHECK(line_of(std::chrono::duration<std::uint64_t>::max()) == "m 9223372036.854775807\n");
}

TEST_CASE("OpenMetrics names a counter's family without its suffix", "[prometheus]") {
  std::string text;
  PrometheusWriter writer(text, ExpositionFormat::openmetrics);
  writer.family("jobs_total", "counter", "Jobs that \"ran\".");
  writer.sample({{"queue", "a"}}, 7);
  writer.family("queue_length", "gauge", "Jobs that wait.");
  writer.sample({}, 1);
  writer.end();
  CHECK(text ==
        "# HELP jobs Jobs that \\\"ran\\\".\n# TYPE jobs counter\njobs_total{queue=\"a\"} 7\n"
        "# HELP queue_length Jobs that wait.\n# TYPE queue_length gauge\nqueue_length 1\n# EOF\n");
}

TEST_CASE("a counter without the suffix is none to OpenMetrics", "[prometheus]") {
  std::string text;
  PrometheusWriter writer(text, ExpositionFormat::openmetrics);
  writer.family("jobs", "counter", "h");
  writer.sample({}, 7);
  CHECK(text == "# HELP jobs h\n# TYPE jobs unknown\njobs 7\n");
}

TEST_CASE("the text format has no end mark", "[prometheus]") {
  std::string text;
  PrometheusWriter(text).end();
  CHECK(text.empty());
  CHECK(content_type_of(ExpositionFormat::openmetrics) ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}
