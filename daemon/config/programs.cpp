#include "daemon/config/programs.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/document.hpp"
#include "daemon/platform/regular_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

constexpr std::string_view toml_suffix = ".toml";

/// Returns the suffix in lower case: ".toml" for "A.TOML"; empty for hidden files and folders.
[[nodiscard]] std::string suffix_of(const std::filesystem::directory_entry& entry) {
  std::error_code unknown;
  if (name_of(entry.path().filename()).starts_with('.') || entry.is_directory(unknown)) return {};
  return ascii_lower(name_of(entry.path().extension()));
}

/// Returns whether the Go provisr reads files with this suffix, but provisrd does not.
[[nodiscard]] bool is_foreign_form(std::string_view suffix) {
  constexpr auto suffixes = std::to_array<std::string_view>({".json", ".yaml", ".yml"});
  return std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end();
}

/// Calls `visit(name, suffix)` for each file until `visit` returns false.
template <class Visit>
void for_each_file(const std::filesystem::path& directory, std::error_code& error, Visit visit) {
  std::filesystem::directory_iterator entry(directory, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    if (!visit(name_of(entry->path()), suffix_of(*entry))) return;
    entry.increment(error);
  }
}

struct Listing {
  std::vector<std::string> programs;
  std::vector<std::string> foreign;  ///< the first max_notices
  std::error_code error;
};

/// Lists a directory. Stops soon after max_program_files.
[[nodiscard]] Listing list(const std::filesystem::path& directory) {
  Listing listing;
  for_each_file(directory, listing.error, [&](std::string file, std::string_view suffix) {
    if (suffix == toml_suffix) {
      listing.programs.push_back(std::move(file));
    } else if (is_foreign_form(suffix) && listing.foreign.size() < max_notices) {
      listing.foreign.push_back(std::move(file));
    }
    return listing.programs.size() <= max_program_files;
  });
  std::sort(listing.programs.begin(), listing.programs.end());
  std::sort(listing.foreign.begin(), listing.foreign.end());
  return listing;
}

/// Returns the TOML files, sorted by name.
[[nodiscard]] std::vector<std::string> program_files(const std::filesystem::path& directory,
                                                     const Location& key, Report& report) {
  Listing listing = list(directory);
  const std::string name = name_of(directory);
  for (const std::string& file : listing.foreign) {
    report.warn(key, fmt::format("\"{}\" is no TOML file; skipped", file));
  }
  if (listing.error) {
    report.fault(key, fmt::format("\"{}\" cannot be read: {}", name, listing.error.message()));
  } else if (listing.programs.size() > max_program_files) {
    report.fault(key, fmt::format("\"{}\" holds more than {} files", name, max_program_files));
    listing.programs.clear();
  } else if (listing.programs.empty()) {
    report.warn(key, fmt::format("\"{}\" holds no TOML file", name));
  }
  return std::move(listing.programs);
}

/// Reads a file; if that fails, reports the reason.
[[nodiscard]] std::optional<std::string> read_text(std::string_view file, Report& report) {
  std::error_code error;
  auto text = read_start_of_regular_file(path_of(file), max_program_size + 1, error);
  const Location where{.file = file};
  if (!text) report.fault(where, fmt::format("cannot be read: {}", reason_unreadable(error)));
  if (!text || text->size() <= max_program_size) return text;
  report.fault(where, fmt::format("is larger than {} bytes", max_program_size));
  return std::nullopt;
}

}  // namespace

std::vector<Program> read_programs(const std::filesystem::path& directory, const Location& key,
                                   Report& report) {
  std::vector<Program> programs;
  std::size_t size = 0;
  for (std::string& file : program_files(directory, key, report)) {
    const auto text = read_text(file, report);
    if (!text) continue;
    size += text->size();
    if (size > max_programs_size) {
      report.fault(key, fmt::format("the files of \"{}\" are larger than {} bytes in all",
                                    name_of(directory), max_programs_size));
      break;
    }
    auto table = parse_document(*text, file, report);
    if (table) programs.push_back({std::move(file), std::move(*table)});
  }
  return programs;
}

bool has_programs(const std::filesystem::path& directory) {
  bool found = false;
  std::error_code error;
  for_each_file(directory, error, [&](const std::string&, std::string_view suffix) {
    found = suffix == toml_suffix;
    return !found;
  });
  return found;
}

}  // namespace provisr::daemon
