#include "daemon/platform/state_file.hpp"

namespace provisr::daemon {

std::unique_ptr<StateFile> StateFile::open(const std::filesystem::path& /*file*/,
                                           std::error_code& error) {
  error = std::make_error_code(std::errc::not_supported);
  return nullptr;
}

std::error_code prepare_private_directory(const std::filesystem::path& /*directory*/) {
  return std::make_error_code(std::errc::not_supported);
}

}  // namespace provisr::daemon
