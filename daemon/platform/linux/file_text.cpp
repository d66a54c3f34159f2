#include "daemon/platform/linux/file_text.hpp"

#include <fstream>
#include <sstream>
#include <utility>

namespace provisr::daemon {

std::string text_of(const std::filesystem::path& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace provisr::daemon
