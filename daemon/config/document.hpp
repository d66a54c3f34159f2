#pragma once

#include "daemon/config/reader.hpp"

#include <toml++/toml.h>

#include <optional>
#include <string_view>

namespace provisr::daemon {

/// Parses TOML text. Reports text that is none, or is nested too deeply, as a fault of `file`, and
/// returns an empty optional then. `file` as in Location.
[[nodiscard]] std::optional<toml::table> parse_document(std::string_view text,
                                                        std::string_view file, Report& report);

}  // namespace provisr::daemon
