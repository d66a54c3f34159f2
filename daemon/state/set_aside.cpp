#include "daemon/state/set_aside.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] fs::path with_suffix(const fs::path& file, std::string_view suffix) {
  fs::path name = file;
  name += suffix;
  return name;
}

/// Returns the new name.
[[nodiscard]] fs::path rename_aside(const fs::path& file, std::error_code& error) {
  fs::path aside = with_suffix(file, ".set-aside");
  fs::rename(file, aside, error);
  constexpr int most = 9;
  for (int number = 1; error && number <= most; ++number) {
    aside = with_suffix(file, fmt::format(".set-aside.{}", number));
    std::error_code unknown;
    const bool is_free = fs::symlink_status(aside, unknown).type() == fs::file_type::not_found;
    if (is_free) fs::rename(file, aside, error);
  }
  return aside;
}

}  // namespace

std::string set_aside(const fs::path& file, std::string_view why, std::error_code& error) {
  const fs::path aside = rename_aside(file, error);
  if (!error)
    return fmt::format("{} {}; it is set aside as {}", name_of(file), why, name_of(aside));
  return fmt::format("{} {}; it cannot be set aside: {}", name_of(file), why, error.message());
}

}  // namespace provisr::daemon
