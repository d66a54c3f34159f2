#pragma once

#include "daemon/config/reader.hpp"

#include <toml++/toml.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A file of `programs_directory`. Locations may refer to its name, and values to its table.
struct Program {
  std::string file;
  toml::table table;
};

/// Bounds of a programs directory. Exceeding one is a fault.
inline constexpr std::size_t max_program_files = 10'000;
inline constexpr std::size_t max_program_size = 64 * std::size_t{1024};
inline constexpr std::size_t max_programs_size = 4 * std::size_t{1024} * 1024;

/// Reads the TOML files of `directory`, sorted by name. Skips folders and hidden files. Reports a
/// file that cannot be read as a fault of that file, and an unreadable directory as a fault at
/// `key`, which names it.
[[nodiscard]] std::vector<Program> read_programs(const std::filesystem::path& directory,
                                                 const Location& key, Report& report);

/// Returns whether `directory` exists and holds a TOML file.
[[nodiscard]] bool has_programs(const std::filesystem::path& directory);

}  // namespace provisr::daemon
