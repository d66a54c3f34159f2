#include "daemon/base/duration.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace provisr::daemon {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"\u00b5s", 1'000},  // micro sign
    Unit{"\u03bcs", 1'000},  // Greek mu
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  // A zero byte would end the sentence.
  throw std::invalid_argument(fmt::format("\"{}\" {}", escape_controls(text), why));
}

[[noreturn]] void refuse_duration(std::string_view text) {
  refuse(text, "is not a duration; \"100ms\", \"5s\" or \"1m30s\" is expected");
}

std::string_view take_while(std::string_view& rest, bool (*belongs)(char)) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), belongs);
  const auto taken = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(taken.size());
  return taken;
}

/// Returns the digits behind a decimal point as a part of one `unit`, in nanoseconds. Drops digits
/// beyond the ninth: for units up to a second, they are below a nanosecond.
std::int64_t fraction_of(std::string_view digits, std::int64_t unit) {
  double nanoseconds = 0;
  double weight = static_cast<double>(unit);
  for (const char digit : digits.substr(0, 9)) {
    weight /= 10;
    nanoseconds += weight * (digit - '0');
  }
  return static_cast<std::int64_t>(nanoseconds + 0.5);
}

/// Takes one part such as "1.5s" off the front of `rest`. Error messages show `text`, the whole.
std::int64_t take_part(std::string_view& rest, std::string_view text) {
  const std::string_view whole = take_while(rest, is_digit);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_while(rest, is_digit);
  }
  if (whole.empty() && fraction.empty()) refuse_duration(text);

  const std::string_view name = take_while(rest, [](char c) { return !is_digit(c) && c != '.'; });
  if (name.empty()) refuse(text, "has no unit; ns, us, ms, s, m or h is expected");
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.name == name; });
  if (unit == units.end()) refuse_duration(text);

  std::int64_t count = 0;
  if (!whole.empty()) {
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
    if (error != std::errc() || end != whole.data() + whole.size()) refuse(text, "is too long");
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t added = fraction_of(fraction, unit->nanoseconds);
  if (count > (most - added) / unit->nanoseconds) refuse(text, "is too long");
  return count * unit->nanoseconds + added;
}

}  // namespace

std::chrono::nanoseconds parse_exact_duration(std::string_view text) {
  if (text.starts_with('-')) refuse(text, "is negative");
  std::string_view rest = text;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty()) refuse_duration(text);

  std::int64_t total = 0;
  while (!rest.empty()) {
    const std::int64_t part = take_part(rest, text);
    if (part > std::numeric_limits<std::int64_t>::max() - total) refuse(text, "is too long");
    total += part;
  }
  return std::chrono::nanoseconds(total);
}

std::chrono::milliseconds parse_duration(std::string_view text) {
  using namespace std::chrono;
  const nanoseconds exact = parse_exact_duration(text);
  const auto duration = duration_cast<milliseconds>(exact);
  if (duration == exact) return duration;
  if (duration == milliseconds(0)) refuse(text, "is too short; 1ms is the least");
  refuse(text, "is not a whole number of milliseconds");
}

std::string format_duration(std::chrono::milliseconds duration) {
  constexpr std::int64_t second = 1000;
  constexpr std::int64_t minute = 60 * second;
  constexpr std::int64_t hour = 60 * minute;
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  if (count % hour == 0) return fmt::format("{}h", count / hour);
  if (count % minute == 0) return fmt::format("{}m", count / minute);
  if (count % second == 0) return fmt::format("{}s", count / second);
  return fmt::format("{}ms", count);
}

std::string format_elapsed(std::chrono::nanoseconds length) {
  using namespace std::chrono;
  const auto whole = duration_cast<milliseconds>(length);
  if (whole < seconds(1)) return fmt::format("{}ms", whole.count());
  return fmt::format("{:.1f}s", duration<double>(whole).count());
}

}  // namespace provisr::daemon
