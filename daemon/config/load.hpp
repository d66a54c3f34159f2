#pragma once

#include "daemon/config/config.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// One message about a configuration file: "file:line: key: text".
struct ConfigNotice {
  std::string file;
  std::size_t line = 0;  ///< counted from 1; 0: the whole file
  std::string key;       ///< dotted: "metrics.process_metrics.interval"; may be empty
  std::string text;

  /// Returns the notice on one line, with control characters escaped.
  [[nodiscard]] std::string to_string() const;
};

/// At most this many faults and this many warnings are listed. A last notice counts the others.
inline constexpr std::size_t max_notices = 100;

/// A larger file is refused.
inline constexpr std::size_t max_config_size = 1024 * 1024;

/// A configuration with its faults and warnings, each sorted by line. Use the configuration only if
/// there are no faults.
struct LoadedConfig {
  Config config;
  std::vector<ConfigNotice> faults;
  std::vector<ConfigNotice> warnings;
};

/// Reads and checks a TOML file. Collects all faults instead of stopping at the first one. Reads
/// only regular files, so that a pipe or a device cannot block the caller.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

/// Like load_config, but reads text. `file_name` is used for notices, and its folder is the base of
/// relative folder names.
[[nodiscard]] LoadedConfig parse_config(std::string_view toml, std::string_view file_name);

}  // namespace provisr::daemon
