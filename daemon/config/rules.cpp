#include "daemon/config/rules.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace provisr::daemon {
namespace {

bool is_process_name_character(char c) {
  return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
}

bool is_path_character(char c) {
  return is_process_name_character(c) || c == '~' || c == '/';
}

}  // namespace

std::string fault_in_name(std::string_view name) {
  if (is_valid_process_name(name)) return {};
  return fmt::format(
      "\"{}\" is not a process name; 1 to {} of A-Z a-z 0-9 . _ - without \"..\" are expected",
      name, max_process_name_length);
}

std::string to_string(const Limits<std::int64_t>& limits) {
  return fmt::format("{} to {}", limits.least, limits.most);
}

std::string to_string(const Limits<double>& limits) {
  return fmt::format("{} to {}", limits.least, limits.most);
}

std::string to_string(const Limits<std::chrono::milliseconds>& limits) {
  return fmt::format("{} to {}", format_duration(limits.least), format_duration(limits.most));
}

std::string fault_in(std::int64_t value, const Limits<std::int64_t>& limits) {
  if (value >= limits.least && value <= limits.most) return {};
  return fmt::format("must be {}, is {}", to_string(limits), value);
}

std::string fault_in(double value, const Limits<double>& limits) {
  if (value >= limits.least && value <= limits.most) return {};
  return fmt::format("must be {}, is {}", to_string(limits), value);
}

std::string fault_in(std::chrono::milliseconds value,
                     const Limits<std::chrono::milliseconds>& limits) {
  if (value >= limits.least && value <= limits.most) return {};
  return fmt::format("must be {}, is {}", to_string(limits), format_duration(value));
}

std::string fault_in_env_entry(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  if (equals != std::string_view::npos && equals != 0) return {};
  return fmt::format("\"{}\" is not of the form \"KEY=value\"", entry);
}

std::string fault_in_host_name(std::string_view name) {
  const bool is_bracketed = name.starts_with('[') && name.ends_with(']');
  const bool is_name =
      !name.empty() && std::all_of(name.begin(), name.end(), is_process_name_character);
  if (name == "*" || is_bracketed || is_name) return {};
  return fmt::format("\"{}\" is not the name of a host; one without a port is expected, or \"*\"",
                     name);
}

std::string fault_in_base_path(std::string_view path) {
  if (!path.starts_with('/')) return fmt::format("\"{}\" must start with \"/\"", path);
  if (path == "/") return "must not be \"/\" alone: the index is there";
  if (!std::all_of(path.begin(), path.end(), is_path_character)) {
    return fmt::format("\"{}\" may hold nothing but A-Z a-z 0-9 . _ ~ - and /", path);
  }
  if (path.find("//") != std::string_view::npos || path.find("..") != std::string_view::npos) {
    return fmt::format("\"{}\" must not hold \"//\" or \"..\"", path);
  }
  if (path.find("/./") != std::string_view::npos || path.ends_with("/.")) {
    return fmt::format("\"{}\" must not hold \"/./\": clients leave it out", path);
  }
  return {};
}

}  // namespace provisr::daemon
