#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace provisr::daemon {

/// Renames an unusable file to NAME.set-aside, replacing an earlier one; if that fails, such as if
/// it is a folder, to NAME.set-aside.1 and so on, whichever is free. If all fails, sets `error` and
/// leaves the file as it is. Returns the message: the file's name followed by `why` and by what has
/// become of the file.
[[nodiscard]] std::string set_aside(const std::filesystem::path& file, std::string_view why,
                                    std::error_code& error);

}  // namespace provisr::daemon
