#pragma once

#include "daemon/config/config.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// One line about a configuration file: "file:line: key: text".
struct ConfigNotice {
  std::string file;
  std::size_t line = 0;  ///< 1 is the first; 0: the file as a whole
  std::string key;       ///< dotted: "metrics.process_metrics.interval"; may be empty
  std::string text;

  /// One line: control characters are escaped.
  [[nodiscard]] std::string to_string() const;
};

/// At most this many faults, and this many warnings, of a file are listed; a last notice tells how
/// many more there are.
inline constexpr std::size_t max_notices = 100;

/// A larger file is refused.
inline constexpr std::size_t max_config_size = 1024 * 1024;

/// A configuration with its faults and warnings, each sorted by line.
/// Use the configuration only if there are no faults.
struct LoadedConfig {
  Config config;
  std::vector<ConfigNotice> faults;
  std::vector<ConfigNotice> warnings;
};

/// Reads and checks a TOML file. Collects all faults instead of stopping at the first.
/// Only regular files are read, so that a pipe or device cannot block the caller.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

/// As load_config, from text; `file_name` appears in notices only.
[[nodiscard]] LoadedConfig parse_config(std::string_view toml, std::string_view file_name);

}  // namespace provisr::daemon
