#include "daemon/platform/new_file.hpp"

namespace provisr::daemon {

std::FILE* create_new_file(const std::filesystem::path& file) noexcept {
  return std::fopen(file.c_str(), "wx");
}

}  // namespace provisr::daemon
