#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The environment of a process while it is made; each system keeps its own.
struct EnvironmentAccess {
  /// The value of a variable; empty if it is not set.
  std::function<std::optional<std::string>(std::string_view name)> get;
  /// Sets the variable of a "KEY=value" entry.
  std::function<void(const std::string& entry)> set;
  /// Whether two names are one variable: on some systems, whatever their case.
  std::function<bool(std::string_view one, std::string_view other)> is_same = std::equal_to<>();
};

/// `text` with each `${NAME}` replaced by what `value_of` has for it. A name without a value stays
/// as it is written. Values are not expanded in their turn.
[[nodiscard]] std::string expand_variables(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view name)>& value_of);

/// Sets the variables of `entries`, each "KEY=value", with the references in their values expanded:
/// of a later entry, too; `${KEY}` in the value of KEY itself is the value that it had before.
void set_variables(const std::vector<std::string>& entries, const EnvironmentAccess& environment);

}  // namespace provisr::daemon
