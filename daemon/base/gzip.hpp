#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Whether this program was built with zlib.
[[nodiscard]] bool can_gzip();

/// `text` in the gzip format (RFC 1952), fast rather than small; empty without zlib or if it fails.
[[nodiscard]] std::optional<std::string> gzip(std::string_view text);

}  // namespace provisr::daemon
