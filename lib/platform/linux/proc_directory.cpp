#include "lib/platform/linux/proc_directory.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace provisr::linux_platform {
namespace {

/// One record of getdents64(2), as far as it is looked at.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
};

[[nodiscard]] std::uint32_t count_records(std::span<const std::byte> records) noexcept {
  std::uint32_t count = 0;
  while (records.size() >= sizeof(DirectoryEntry)) {
    DirectoryEntry entry;
    std::memcpy(&entry, records.data(), sizeof entry);
    if (entry.length == 0 || entry.length > records.size()) break;
    ++count;
    records = records.subspan(entry.length);
  }
  return count;
}

}  // namespace

FileDescriptor open_readable(int directory, const char* path) noexcept {
  return FileDescriptor(::openat(directory, path, O_RDONLY | O_CLOEXEC));
}

FileDescriptor open_handle(int directory, const char* path) noexcept {
  return FileDescriptor(::openat(directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::optional<std::string_view> read_at(int file, std::span<char> buffer,
                                        std::size_t offset) noexcept {
  const ssize_t length = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
  if (length < 0) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(length));
}

std::optional<std::string_view> read_start(int file, std::span<char> buffer) noexcept {
  return read_at(file, buffer, 0);
}

std::optional<std::uint32_t> count_entries(int directory, const char* path) noexcept {
  const FileDescriptor opened(::openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return std::nullopt;
  // opendir(3) would allocate.
  alignas(std::uint64_t) std::byte buffer[4096];
  std::uint32_t count = 0;
  for (;;) {
    const long length = ::syscall(SYS_getdents64, opened.get(), buffer, sizeof buffer);
    if (length < 0) return std::nullopt;
    if (length == 0) return count >= 2 ? count - 2 : 0;
    count += count_records(std::span(buffer).first(static_cast<std::size_t>(length)));
  }
}

std::error_code process_error(int error_number) noexcept {
  if (says_no_such_process(error_number)) return std::make_error_code(std::errc::no_such_process);
  if (error_number == EACCES || error_number == EPERM) {
    return std::make_error_code(std::errc::permission_denied);
  }
  return {error_number, std::generic_category()};
}

}  // namespace provisr::linux_platform
