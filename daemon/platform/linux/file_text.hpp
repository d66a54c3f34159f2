#pragma once

#include <filesystem>
#include <string>

namespace provisr::daemon {

/// Reads a small kernel file whole; empty if it cannot be read.
[[nodiscard]] std::string text_of(const std::filesystem::path& file_name);

}  // namespace provisr::daemon
