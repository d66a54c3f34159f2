#pragma once

#include "daemon/config/rules.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace provisr::daemon {

/// The values that a key accepts: all of its type, those within limits, or those of a description.
using ValueRange = std::variant<std::monostate, Limits<std::int64_t>, Limits<double>,
                                Limits<std::chrono::milliseconds>, std::string_view>;

/// The documentation of a key.
struct KeyHelp {
  std::string_view type = {};
  std::string_view default_value = {};  ///< as TOML; empty if there is none
  ValueRange range = {};
  std::string_view meaning = {};
};

/// A key as `docs/configuration.md` lists it.
struct KnownKey {
  std::string section;  ///< "metrics.process_metrics"; empty: top level of the file
  std::string_view name;
  bool is_served;  ///< false: a key of the Go provisr, skipped with a warning
  KeyHelp help;
};

/// Returns every key that a configuration may hold, section by section.
[[nodiscard]] std::vector<KnownKey> known_keys();

/// Returns `range` in words; empty if every value of the type is allowed.
[[nodiscard]] std::string describe(const ValueRange& range);

}  // namespace provisr::daemon
