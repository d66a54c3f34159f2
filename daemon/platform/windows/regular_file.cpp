#include "daemon/platform/regular_file.hpp"

#include <cerrno>
#include <fstream>

namespace provisr::daemon {

std::optional<std::string> read_start_of_regular_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  } else if (!error && !std::filesystem::is_regular_file(status)) {
    error = std::make_error_code(std::errc::not_supported);
  }
  if (error) return std::nullopt;
  errno = 0;
  std::ifstream opened(file, std::ios::binary);
  std::string text(most, '\0');
  if (opened) opened.read(text.data(), static_cast<std::streamsize>(most));
  if (!opened.is_open() || opened.bad()) {
    error = {errno != 0 ? errno : EIO, std::generic_category()};
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(opened.gcount()));
  return text;
}

std::optional<std::string> read_start_of_private_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_of_regular_file(file, most, error);
}

}  // namespace provisr::daemon
