#include "daemon/base/environment.hpp"

#include <cstddef>

namespace provisr::daemon {
namespace {

constexpr std::string_view reference_start = "${";

[[nodiscard]] std::string_view name_of_variable(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

/// Expands only references to the entry's own variable, as in PATH=/opt/bin:${PATH}.
[[nodiscard]] std::string with_own_value(const std::string& entry,
                                         const EnvironmentAccess& environment) {
  const std::string_view own_name = name_of_variable(entry);
  return expand_variables(entry, [&](std::string_view name) {
    return environment.is_same(name, own_name) ? environment.get(name) : std::nullopt;
  });
}

[[nodiscard]] std::string with_values_of_others(std::string_view own_name, std::string_view value,
                                                const EnvironmentAccess& environment) {
  return expand_variables(value, [&](std::string_view name) {
    return environment.is_same(name, own_name) ? std::nullopt : environment.get(name);
  });
}

}  // namespace

std::string expand_variables(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view name)>& value_of) {
  std::string expanded;
  while (true) {
    const std::size_t start = text.find(reference_start);
    const std::size_t end = start == text.npos ? text.npos : text.find('}', start);
    if (end == text.npos) return expanded.append(text);
    const std::size_t name_start = start + reference_start.size();
    const auto value = value_of(text.substr(name_start, end - name_start));
    expanded.append(text.substr(0, start));
    expanded.append(value ? *value : text.substr(start, end + 1 - start));
    text.remove_prefix(end + 1);
  }
}

void set_variables(const std::vector<std::string>& entries, const EnvironmentAccess& environment) {
  for (const std::string& entry : entries) environment.set(with_own_value(entry, environment));
  for (const std::string& entry : entries) {
    const std::string name(name_of_variable(entry));
    const auto value = environment.get(name);
    if (!value || value->find(reference_start) == std::string::npos) continue;
    environment.set(name + '=' + with_values_of_others(name, *value, environment));
  }
}

}  // namespace provisr::daemon
