#include "daemon/state/set_aside.hpp"

#include "daemon/base/text.hpp"

#include <system_error>

namespace provisr::daemon {

void set_aside(const std::filesystem::path& file, std::string_view why, const Log& log) {
  std::filesystem::path aside = file;
  aside += ".set-aside";
  std::error_code error;
  std::filesystem::rename(file, aside, error);
  if (error) std::filesystem::remove(file, error);
  log.warn("{} {}; it is set aside as {}", name_of(file), why, name_of(aside));
}

}  // namespace provisr::daemon
