#include "daemon/platform/regular_file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <utility>

namespace provisr::daemon {

namespace {

/// Opens a regular file; fails with std::errc::not_supported for any other.
[[nodiscard]] std::ifstream open_regular(const std::filesystem::path& file,
                                         std::error_code& error) {
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  } else if (!error && !std::filesystem::is_regular_file(status)) {
    error = std::make_error_code(std::errc::not_supported);
  }
  if (error) return {};
  errno = 0;
  std::ifstream opened(file, std::ios::binary);
  if (!opened.is_open()) error = {errno != 0 ? errno : EIO, std::generic_category()};
  return opened;
}

[[nodiscard]] std::optional<std::string> read_at_most(std::ifstream& opened, std::size_t most,
                                                      std::error_code& error) {
  std::string text(most, '\0');
  opened.read(text.data(), static_cast<std::streamsize>(most));
  if (opened.bad()) {
    error = {errno != 0 ? errno : EIO, std::generic_category()};
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(opened.gcount()));
  return text;
}

}  // namespace

std::optional<std::string> read_start_of_regular_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  std::ifstream opened = open_regular(file, error);
  if (error) return std::nullopt;
  return read_at_most(opened, most, error);
}

std::optional<FileEnd> read_end_of_regular_file(const std::filesystem::path& file, std::size_t most,
                                                std::error_code& error) {
  std::ifstream opened = open_regular(file, error);
  if (error) return std::nullopt;
  opened.seekg(0, std::ios::end);
  const auto size = static_cast<std::streamoff>(opened.tellg());
  const std::streamoff begin =
      std::max<std::streamoff>(0, size - static_cast<std::streamoff>(most));
  opened.seekg(begin);
  auto text = read_at_most(opened, most, error);
  if (!text) return std::nullopt;
  return FileEnd{.text = std::move(*text), .is_whole = begin == 0};
}

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  constexpr std::chrono::seconds settled_after{10};
  std::error_code error;
  const auto written_at = std::filesystem::last_write_time(file, error);
  if (error || written_at + settled_after > decltype(written_at)::clock::now()) return std::nullopt;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return std::nullopt;
  return FileStamp{.size = size, .changed_at = written_at.time_since_epoch().count()};
}

std::optional<std::string> read_start_of_private_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_of_regular_file(file, most, error);
}

}  // namespace provisr::daemon
