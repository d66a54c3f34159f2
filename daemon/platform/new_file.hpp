#pragma once

#include <cstdio>
#include <filesystem>

namespace provisr::daemon {

/// Creates a text file for writing. Returns null and sets errno if the name exists, even as a
/// dangling link.
[[nodiscard]] std::FILE* create_new_file(const std::filesystem::path& file) noexcept;

}  // namespace provisr::daemon
