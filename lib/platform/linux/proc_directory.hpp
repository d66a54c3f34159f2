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
#include <sys/types.h>
#include <system_error>

/// System calls on procfs, each as one function that allocates nothing. All set errno and say so
/// by an empty result.
namespace provisr::linux_platform {

using posix_platform::FileDescriptor;

/// "PID" or "PID/file", relative to the proc root.
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

[[nodiscard]] FileDescriptor open_readable(int directory, const char* path) noexcept;

/// A directory that is only looked up in and measured: needs no right to list it.
[[nodiscard]] FileDescriptor open_handle(int directory, const char* path) noexcept;

/// What a file has at an offset, as much as the buffer holds and the system hands out at once;
/// empty text at the end.
[[nodiscard]] std::optional<std::string_view> read_at(int file, std::span<char> buffer,
                                                      std::size_t offset) noexcept;

/// The beginning of a file, as much as the buffer holds.
[[nodiscard]] inline std::optional<std::string_view> read_start(int file,
                                                                std::span<char> buffer) noexcept {
  return read_at(file, buffer, 0);
}

/// The names in an open directory, "." and ".." among them, one after the other.
class DirectoryReader {
 public:
  explicit DirectoryReader(int directory) noexcept : directory_(directory) {}
  DirectoryReader(const DirectoryReader&) = delete;
  DirectoryReader& operator=(const DirectoryReader&) = delete;

  /// Valid until the next call; empty at the end or on failure.
  [[nodiscard]] std::optional<std::string_view> next() noexcept;
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

 private:
  [[nodiscard]] bool refill() noexcept;

  int directory_;
  bool has_failed_ = false;
  std::span<const std::byte> rest_;
  alignas(std::uint64_t) std::byte buffer_[4096];
};

/// The entries of a directory, "." and ".." left out.
[[nodiscard]] std::optional<std::uint32_t> count_entries(int directory, const char* path) noexcept;

/// Whether an errno says that a process is gone: "no such file" in procfs means "no such process".
[[nodiscard]] constexpr bool says_no_such_process(int error_number) noexcept {
  return error_number == ENOENT || error_number == ESRCH;
}

/// errno as the library's errors.
[[nodiscard]] std::error_code process_error(int error_number) noexcept;

}  // namespace provisr::linux_platform
