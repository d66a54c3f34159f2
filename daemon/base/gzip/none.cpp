#include "daemon/base/gzip.hpp"

namespace provisr::daemon {

bool can_gzip() {
  return false;
}

std::optional<std::string> gzip(std::string_view) {
  return std::nullopt;
}

}  // namespace provisr::daemon
