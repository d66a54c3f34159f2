#pragma once

#include <span>
#include <string_view>

namespace provisr::daemon {

/// A file of the folder web/, as it is there.
struct WebFile {
  std::string_view name;
  std::string_view content_type;
  std::string_view text;
};

/// All of them, by name; in a source that CMake generates.
extern const std::span<const WebFile> web_files;

}  // namespace provisr::daemon
