#pragma once

#include "daemon/config/reader.hpp"

#include <toml++/toml.h>

#include <optional>
#include <string_view>

namespace provisr::daemon {

/// Parses TOML text. If the text is not TOML or is nested too deeply, reports a fault of `file` and
/// returns an empty optional. `file` is as in Location.
[[nodiscard]] std::optional<toml::table> parse_document(std::string_view text,
                                                        std::string_view file, Report& report);

}  // namespace provisr::daemon
