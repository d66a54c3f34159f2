#include "daemon/state/set_aside.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <system_error>

namespace provisr::daemon {

std::string set_aside(const std::filesystem::path& file, std::string_view why) {
  std::filesystem::path aside = file;
  aside += ".set-aside";
  std::error_code error;
  std::filesystem::rename(file, aside, error);
  if (error) std::filesystem::remove(file, error);
  return fmt::format("{} {}; it is set aside as {}", name_of(file), why, name_of(aside));
}

void set_aside(const std::filesystem::path& file, std::string_view why, const Log& log) {
  log.write(LogLevel::warn, set_aside(file, why));
}

}  // namespace provisr::daemon
