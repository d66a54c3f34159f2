#include <provisr/process_metrics.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>

using provisr::Figure;
using provisr::ProcessMetrics;

static_assert(sizeof(Figure<double>) == sizeof(double));
static_assert(sizeof(Figure<std::uint64_t>) == sizeof(std::uint64_t));
static_assert(sizeof(Figure<std::uint32_t>) == sizeof(std::uint32_t));
static_assert(!Figure<double>().has_value() && Figure<double>(0.0).has_value());

TEST_CASE("a figure is unknown until it is given a value", "[process_metrics]") {
  CHECK_FALSE(Figure<double>().has_value());
  CHECK_FALSE(Figure<std::uint64_t>().has_value());
  CHECK_FALSE(static_cast<bool>(Figure<std::uint32_t>()));
  CHECK(Figure<std::uint32_t>().value_or(7U) == 7U);
}

TEST_CASE("0 is a known figure", "[process_metrics]") {
  const Figure<std::uint64_t> bytes = std::uint64_t{0};
  REQUIRE(bytes.has_value());
  CHECK(*bytes == 0);
  CHECK(bytes.value_or(7) == 0);
  REQUIRE(Figure<double>(-0.0).has_value());
}

TEST_CASE("the largest figures are known, the reserved values are not", "[process_metrics]") {
  CHECK(Figure<std::uint32_t>(std::numeric_limits<std::uint32_t>::max() - 1).has_value());
  CHECK(Figure<double>(std::numeric_limits<double>::infinity()).has_value());
  CHECK_FALSE(Figure<std::uint32_t>(std::numeric_limits<std::uint32_t>::max()).has_value());
  CHECK_FALSE(Figure<double>(std::numeric_limits<double>::quiet_NaN()).has_value());
}

TEST_CASE("figures are equal when both are unknown or both the same", "[process_metrics]") {
  CHECK(Figure<double>() == Figure<double>());
  CHECK(Figure<double>() == Figure<double>(-std::numeric_limits<double>::quiet_NaN()));
  CHECK(Figure<double>(1.5) == Figure<double>(1.5));
  CHECK(Figure<double>(1.5) != Figure<double>(2.5));
  CHECK(Figure<double>(0.0) != Figure<double>());
  CHECK(Figure<std::uint64_t>(1U) != Figure<std::uint64_t>());
}

TEST_CASE("memory in MB is the resident bytes in MiB", "[process_metrics]") {
  ProcessMetrics metrics;
  CHECK_FALSE(metrics.memory_mb().has_value());
  metrics.memory_rss_bytes = 134'742'016U;
  CHECK(metrics.memory_mb() == Figure<double>(128.5));
  metrics.memory_rss_bytes = 0U;
  CHECK(metrics.memory_mb() == Figure<double>(0.0));
}

TEST_CASE("samples are equal when all figures are", "[process_metrics]") {
  ProcessMetrics a;
  ProcessMetrics b;
  CHECK(a == b);
  a.cpu_percent = 3.0;
  CHECK(a != b);
  b.cpu_percent = 3.0;
  CHECK(a == b);
  b.num_fds = 0U;
  CHECK(a != b);
}
