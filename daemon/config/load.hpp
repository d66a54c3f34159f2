#pragma once

#include "daemon/config/config.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// One line about a configuration file: "file:line: key: what is wrong".
struct ConfigNotice {
  std::string file;
  std::size_t line = 0;  ///< 1 is the first; 0: the file as a whole
  std::string key;       ///< dotted, as "metrics.process_metrics.interval"; may be empty
  std::string text;

  /// Always one line: control characters are escaped.
  [[nodiscard]] std::string to_string() const;
};

/// A configuration with every fault and every warning that reading it gave.
/// The configuration is to be used only where there are no faults. Both lists go by line.
struct LoadedConfig {
  Config config;
  std::vector<ConfigNotice> faults;
  std::vector<ConfigNotice> warnings;
};

/// Reads and checks a TOML file; collects all faults instead of stopping at the first.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

/// As load_config, from text; `file_name` is only used in notices.
[[nodiscard]] LoadedConfig parse_config(std::string_view toml, std::string_view file_name);

}  // namespace provisr::daemon
