#include "daemon/platform/regular_file.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

/// What tells a file that may not be read from one that may; no error: read it.
using Refusal = std::error_code (*)(const struct stat& status);

std::error_code last_error() {
  return {errno, std::generic_category()};
}

std::error_code refuse_irregular(const struct stat& status) {
  return S_ISREG(status.st_mode) ? std::error_code()
                                 : std::make_error_code(std::errc::not_supported);
}

std::error_code refuse_exposed(const struct stat& status) {
  constexpr mode_t of_others = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
  if (const std::error_code error = refuse_irregular(status)) return error;
  return (status.st_mode & of_others) == 0
             ? std::error_code()
             : std::make_error_code(std::errc::operation_not_permitted);
}

std::optional<std::string> read_start(const FileDescriptor& file, std::size_t most,
                                      std::error_code& error) {
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t count = ::read(file.get(), text.data() + size, most - size);
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

std::optional<std::string> read_start_unless(Refusal refusal, const std::filesystem::path& file,
                                             std::size_t most, std::error_code& error) {
  struct stat status {};
  // Before opening, which can have effects on a device.
  error = ::stat(file.c_str(), &status) != 0 ? last_error() : refusal(status);
  if (error) return std::nullopt;
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened) {
    error = last_error();
    return std::nullopt;
  }
  // Again, as something else may have taken its place.
  error = ::fstat(opened.get(), &status) != 0 ? last_error() : refusal(status);
  if (error) return std::nullopt;
  return read_start(opened, most, error);
}

}  // namespace

std::optional<std::string> read_start_of_regular_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_unless(refuse_irregular, file, most, error);
}

std::optional<std::string> read_start_of_private_file(const std::filesystem::path& file,
                                                      std::size_t most, std::error_code& error) {
  return read_start_unless(refuse_exposed, file, most, error);
}

}  // namespace provisr::daemon
