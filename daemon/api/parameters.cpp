#include "daemon/api/parameters.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/timestamp.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace provisr::daemon {
namespace {

/// Parses RFC 3339. Accepts a space for the "+" of an offset: an unescaped "+" is decoded to one.
[[nodiscard]] std::optional<Timestamp> parse_date_time(std::string text) {
  constexpr std::size_t length_of_offset = std::string_view("+01:00").size();
  if (text.size() > length_of_offset) {
    char& sign = text[text.size() - length_of_offset];
    if (sign == ' ') sign = '+';
  }
  return parse_rfc3339(text);
}

/// Parses RFC 3339 or an age: "-5m" is five minutes ago. Empty if the text is neither.
[[nodiscard]] std::optional<Timestamp> parse_time(std::string_view text) {
  if (!text.starts_with('-')) return parse_date_time(std::string(text));
  try {
    return Clock::system().utc_now() - parse_exact_duration(text.substr(1));
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> optional_name(const HttpQuery& query, std::string_view parameter) {
  std::optional<std::string> name = query.find(parameter);
  if (name && !is_valid_process_name(*name)) {
    throw Refusal{400, fmt::format("the parameter \"{}\" is not a process name: use 1 to {} of "
                                   "A-Z a-z 0-9 . _ - without \"..\"",
                                   parameter, max_process_name_length)};
  }
  return name;
}

std::string required_name(const HttpQuery& query, std::string_view parameter) {
  std::optional<std::string> name = optional_name(query, parameter);
  if (!name) throw Refusal{400, fmt::format("the parameter \"{}\" is missing", parameter)};
  return std::move(*name);
}

std::optional<Target> optional_target(const HttpQuery& query) {
  std::optional<std::string> name = optional_name(query, "name");
  std::optional<std::string> base = optional_name(query, "base");
  if (name && base) {
    throw Refusal{400, "the parameters \"name\" and \"base\" exclude each other"};
  }
  if (name) return Target{.is_base = false, .name = std::move(*name)};
  if (base) return Target{.is_base = true, .name = std::move(*base)};
  return std::nullopt;
}

Target required_target(const HttpQuery& query) {
  std::optional<Target> target = optional_target(query);
  if (!target) throw Refusal{400, "one of the parameters \"name\" and \"base\" is required"};
  return std::move(*target);
}

Refusal unknown(const Target& target) {
  return {404, fmt::format("there is no process {} \"{}\"",
                           target.is_base ? "of the base" : "named", target.name)};
}

std::optional<std::chrono::milliseconds> optional_duration(const HttpQuery& query,
                                                           std::string_view parameter,
                                                           std::chrono::milliseconds most) {
  const std::optional<std::string> text = query.find(parameter);
  if (!text) return std::nullopt;
  try {
    const std::chrono::milliseconds duration = parse_duration(*text);
    if (duration <= most) return duration;
    throw Refusal{400, fmt::format("the parameter \"{}\" must be at most {}, is {}", parameter,
                                   format_duration(most), format_duration(duration))};
  } catch (const std::invalid_argument& fault) {
    throw Refusal{400, fmt::format("the parameter \"{}\": {}", parameter, fault.what())};
  }
}

std::optional<Timestamp> optional_time(const HttpQuery& query, std::string_view parameter) {
  const std::optional<std::string> text = query.find(parameter);
  if (!text) return std::nullopt;
  const auto time = parse_time(*text);
  if (time) return time;
  throw Refusal{400, fmt::format("the parameter \"{}\" is not a time: use RFC 3339, as in "
                                 "2025-01-27T10:30:45Z, or an age, as in -5m",
                                 parameter)};
}

}  // namespace provisr::daemon
