#pragma once

#include <cmath>
#include <cstdint>

/// Rounding without the C math library. Each function returns exactly what its namesake in std
/// returns, including NaN, infinities and the sign of zero.
namespace provisr::daemon::rounding {

namespace detail {

/// Doubles of at least this magnitude have no fraction. has_fraction() is false for NaN, too.
constexpr double no_fractions = 4'503'599'627'370'496.0;  // 2^52

[[nodiscard]] inline bool has_fraction(double value) noexcept {
  return value > -no_fractions && value < no_fractions;
}

[[nodiscard]] inline double truncated(double value) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(value));
}

}  // namespace detail

[[nodiscard]] inline double ceil(double value) noexcept {
  if (!detail::has_fraction(value)) return value;
  const double whole = detail::truncated(value);
  return std::copysign(whole < value ? whole + 1 : whole, value);
}

[[nodiscard]] inline double floor(double value) noexcept {
  if (!detail::has_fraction(value)) return value;
  const double whole = detail::truncated(value);
  return std::copysign(whole > value ? whole - 1 : whole, value);
}

/// Rounds halves away from zero.
[[nodiscard]] inline double round(double value) noexcept {
  if (!detail::has_fraction(value)) return value;
  const double whole = detail::truncated(value);
  const double rest = value - whole;
  const double step = rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0;
  return std::copysign(whole + step, value);
}

}  // namespace provisr::daemon::rounding
