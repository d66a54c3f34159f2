#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Access to the environment of a process that is being made. Each system stores it differently.
struct EnvironmentAccess {
  /// Returns the value of a variable; empty if the variable is not set.
  std::function<std::optional<std::string>(std::string_view name)> get;
  /// Sets a variable from a "KEY=value" entry.
  std::function<void(const std::string& entry)> set;
  /// Returns whether two names are the same variable. On some systems, case does not matter.
  std::function<bool(std::string_view one, std::string_view other)> is_same = std::equal_to<>();
};

/// Returns `text` with each `${NAME}` replaced by `value_of(NAME)`. A reference without a value
/// stays unchanged. References inside the values are not expanded.
[[nodiscard]] std::string expand_variables(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view name)>& value_of);

/// Sets the variables of `entries`, each "KEY=value", and expands references in their values, even
/// to later entries. In the value of KEY itself, `${KEY}` is the value that KEY had before.
void set_variables(const std::vector<std::string>& entries, const EnvironmentAccess& environment);

}  // namespace provisr::daemon
