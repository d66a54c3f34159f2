#include "daemon/platform/regular_file.hpp"

#include "daemon/platform/posix/last_error.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

/// Returns an error for a file that must not be read, otherwise no error.
using Refusal = std::error_code (*)(const struct stat& status);

std::error_code refuse_irregular(const struct stat& status) {
  return S_ISREG(status.st_mode) ? std::error_code()
                                 : std::make_error_code(std::errc::not_supported);
}

std::error_code refuse_exposed(const struct stat& status) {
  constexpr mode_t of_others = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
  if (const std::error_code error = refuse_irregular(status)) return error;
  const bool is_own = status.st_uid == ::geteuid() || status.st_uid == 0;
  return is_own && (status.st_mode & of_others) == 0
             ? std::error_code()
             : std::make_error_code(std::errc::operation_not_permitted);
}

/// Reads at most `most` bytes from `offset` on.
std::optional<std::string> read_from(const FileDescriptor& file, off_t offset, std::size_t most,
                                     std::error_code& error) {
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t count =
        ::pread(file.get(), text.data() + size, most - size, offset + static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error = last_error();
      return std::nullopt;
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

/// Opens a file unless `refusal` rejects it; `status` receives the status of the opened file.
FileDescriptor open_unless(Refusal refusal, const std::filesystem::path& file, struct stat& status,
                           std::error_code& error) {
  // Check before opening, which can have side effects on a device.
  error = ::stat(file.c_str(), &status) != 0 ? last_error() : refusal(status);
  if (error) return {};
  FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened) {
    error = last_error();
    return {};
  }
  // Check again, because another file may have replaced it.
  error = ::fstat(opened.get(), &status) != 0 ? last_error() : refusal(status);
  return error ? FileDescriptor() : std::move(opened);
}

std::optional<std::string> read_start_unless(Refusal refusal, const std::filesystem::path& file,
                                             std::size_t most, std::error_code& error) {
  struct stat status {};
  const FileDescriptor opened = open_unless(refusal, file, status, error);
  if (!opened) return std::nullopt;
  return read_from(opened, 0, most, error);
}

}  // namespace

std::optional<std::string> read_start_of_regular_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_unless(refuse_irregular, file, most, error);
}

std::optional<FileEnd> read_end_of_regular_file(const std::filesystem::path& file, std::size_t most,
                                                std::error_code& error) {
  struct stat status {};
  const FileDescriptor opened = open_unless(refuse_irregular, file, status, error);
  if (!opened) return std::nullopt;
  const off_t begin = std::max<off_t>(0, status.st_size - static_cast<off_t>(most));
  auto text = read_from(opened, begin, most, error);
  if (!text) return std::nullopt;
  return FileEnd{.text = std::move(*text), .is_whole = begin == 0};
}

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  constexpr time_t settled_after = 10;  // seconds; the clock of a file server may differ
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  if (status.st_ctime + settled_after > ::time(nullptr)) return std::nullopt;
  return FileStamp{.device = static_cast<std::uint64_t>(status.st_dev),
                   .number = static_cast<std::uint64_t>(status.st_ino),
                   .size = static_cast<std::uint64_t>(status.st_size),
                   .changed_at = static_cast<std::int64_t>(status.st_ctime)};
}

std::optional<std::string> read_start_of_private_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_unless(refuse_exposed, file, most, error);
}

}  // namespace provisr::daemon
