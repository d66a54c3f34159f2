#pragma once

#include <span>
#include <string_view>

namespace provisr::daemon {

/// A file of the folder web/, unchanged.
struct WebFile {
  std::string_view name;
  std::string_view content_type;
  std::string_view text;
};

/// All files, sorted by name. CMake generates the source that defines them.
extern const std::span<const WebFile> web_files;

}  // namespace provisr::daemon
