#pragma once

#include <filesystem>
#include <string>

namespace provisr::daemon {

/// All that a small file of the kernel holds; empty if it cannot be read.
[[nodiscard]] std::string text_of(const std::filesystem::path& file_name);

}  // namespace provisr::daemon
