#pragma once

#include <cstdio>
#include <filesystem>

namespace provisr::daemon {

/// Creates a file to write text to; null, with errno set, where there is one of that name, be it
/// a link. Implemented in daemon/platform.
[[nodiscard]] std::FILE* create_new_file(const std::filesystem::path& file) noexcept;

}  // namespace provisr::daemon
