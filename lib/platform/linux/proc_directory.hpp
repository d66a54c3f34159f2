#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/process_metrics.hpp>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>

/// System calls on procfs, one function each. They allocate nothing. On failure they return an
/// empty result and set errno.
namespace provisr::linux_platform {

using posix_platform::FileDescriptor;

/// The path "PID" or "PID/file", relative to the proc root.
class ProcPath {
 public:
  explicit ProcPath(ProcessId pid, std::string_view file = {}) noexcept {
    char* end = std::to_chars(text_, text_ + sizeof text_ - 1, pid).ptr;
    if (!file.empty()) {
      *end++ = '/';
      end += file.copy(end, static_cast<std::size_t>(text_ + sizeof text_ - 1 - end));
    }
    *end = '\0';
  }
  [[nodiscard]] const char* c_str() const noexcept { return text_; }

 private:
  char text_[48];
};

/// Returns the unit of the times in `stat`, in nanoseconds: usually 10 ms.
[[nodiscard]] std::uint64_t clock_tick_ns() noexcept;

[[nodiscard]] FileDescriptor open_readable(int directory, const char* path) noexcept;

/// Opens a directory for lookups and fstat(2) only; needs no permission to list it.
[[nodiscard]] FileDescriptor open_handle(int directory, const char* path) noexcept;

/// As fstat(2). Makes the system call of that name: glibc 2.33 to 2.38 call fstatat(2) with an
/// empty path instead (io/fstat64.c), which costs more, above all before Linux 6.11.
[[nodiscard]] bool read_status(int file, struct stat& status) noexcept;

/// Reads a file at an offset, as much as the buffer holds and the system returns at once. Returns
/// empty text at the end.
[[nodiscard]] std::optional<std::string_view> read_at(int file, std::span<char> buffer,
                                                      std::size_t offset) noexcept;

/// Reads the beginning of a file, as much as the buffer holds.
[[nodiscard]] inline std::optional<std::string_view> read_start(int file,
                                                                std::span<char> buffer) noexcept {
  return read_at(file, buffer, 0);
}

/// Opens a file and reads its beginning. Sets errno if it returns nothing.
[[nodiscard]] std::optional<std::string_view> read_file(int directory, const char* path,
                                                        std::span<char> buffer) noexcept;

/// Reads the names in an open directory one by one, including "." and "..".
class DirectoryReader {
 public:
  explicit DirectoryReader(int directory) noexcept : directory_(directory) {}
  DirectoryReader(const DirectoryReader&) = delete;
  DirectoryReader& operator=(const DirectoryReader&) = delete;

  /// Returns the next name; empty at the end or on failure. Valid until the next call.
  [[nodiscard]] std::optional<std::string_view> next() noexcept;
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

 private:
  [[nodiscard]] bool refill() noexcept;

  int directory_;
  bool has_failed_ = false;
  std::span<const std::byte> rest_;
  alignas(std::uint64_t) std::byte buffer_[4096];
};

/// Returns the id that a directory of a process or thread has as its name; 0 for any other name.
[[nodiscard]] ProcessId id_of(std::string_view name) noexcept;

/// Returns the number of entries of a directory, without "." and "..".
[[nodiscard]] std::optional<std::uint32_t> count_entries(int directory, const char* path) noexcept;

/// Returns whether an errno means that a process is gone; procfs may say "no such file" instead.
[[nodiscard]] constexpr bool says_no_such_process(int error_number) noexcept {
  return error_number == ENOENT || error_number == ESRCH;
}

/// Returns whether an errno means that descriptors or memory are short: the same call may succeed
/// later.
[[nodiscard]] constexpr bool says_shortage(int error_number) noexcept {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM;
}

/// Converts an errno to the library's errors.
[[nodiscard]] std::error_code process_error(int error_number) noexcept;

}  // namespace provisr::linux_platform
