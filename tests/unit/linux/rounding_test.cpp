#include "daemon/base/rounding/rounding.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

using namespace provisr::daemon;

namespace {

void check_rounding(double value) {
  CAPTURE(value);
  const auto bits = [](double number) { return std::bit_cast<std::uint64_t>(number); };
  REQUIRE(bits(rounding::ceil(value)) == bits(std::ceil(value)));
  REQUIRE(bits(rounding::floor(value)) == bits(std::floor(value)));
  REQUIRE(bits(rounding::round(value)) == bits(std::round(value)));
}

}  // namespace

TEST_CASE("rounding without libm gives what std gives, to the bit", "[rounding]") {
  using limits = std::numeric_limits<double>;
  constexpr double two_to_52 = 4503599627370496.0;
  for (const double size : {0.0,
                            limits::denorm_min(),
                            limits::min(),
                            0.25,
                            0.49999999999999994,
                            0.5,
                            0.50000000000000011,
                            0.75,
                            1.0,
                            1.5,
                            2.5,
                            3.5,
                            1e9 + 0.5,
                            two_to_52 - 0.5,
                            two_to_52,
                            two_to_52 + 1,
                            9.3e18,
                            limits::max(),
                            limits::infinity(),
                            limits::quiet_NaN()}) {
    for (const double value : std::to_array({size, -size})) check_rounding(value);
  }
}

TEST_CASE("rounding without libm gives what std gives for any number", "[rounding]") {
  std::mt19937_64 bits(20261126);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(bits());
    if (!std::isnan(value)) check_rounding(value);
    check_rounding(std::ldexp(static_cast<double>(bits() >> 11U), -40 - i % 20));
  }
}
