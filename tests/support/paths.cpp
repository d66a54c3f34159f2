#include "support/paths.hpp"

#include "support/text_file.hpp"

#include <cstdlib>

namespace provisr::test {

std::string provisrd_path() {
  const char* const other = std::getenv("PROVISRD_PATH");
  return other != nullptr ? other : PROVISRD_PATH;
}

std::string child_path() {
  return PROVISR_CHILD_PATH;
}

std::string clock_shim_path() {
  return PROVISR_CLOCK_SHIM_PATH;
}

std::string accept_shim_path() {
  return PROVISR_ACCEPT_SHIM_PATH;
}

std::string disk_shim_path() {
  return PROVISR_DISK_SHIM_PATH;
}

std::string thread_shim_path() {
  return PROVISR_THREAD_SHIM_PATH;
}

bool has_dynamic_linker(const std::string& program) {
  return read_text(program).find("/ld-") != std::string::npos;
}

std::string demo_load_path() {
  return PROVISR_DEMO_LOAD_PATH;
}

std::string fixtures_path() {
  return source_path() + "/tests/fixtures";
}

std::string source_path() {
  return PROVISR_SOURCE_DIR;
}

}  // namespace provisr::test
