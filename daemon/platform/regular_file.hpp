#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// Reads the beginning of a regular file, at most `most` bytes. On POSIX systems it never blocks on
/// a FIFO, a device or a file of procfs, even if one replaces the file meanwhile. On failure,
/// returns an empty optional and sets `error`: std::errc::not_supported if it is not a regular
/// file.
[[nodiscard]] std::optional<std::string> read_start_of_regular_file(
    const std::filesystem::path& file, std::size_t most, std::error_code& error);

/// Describes why one of these functions could not read a file.
[[nodiscard]] inline std::string reason_unreadable(const std::error_code& error) {
  return error == std::errc::not_supported ? "it is not a regular file" : error.message();
}

/// The end of a regular file, at most `most` bytes, read under the same rules. Data appended
/// meanwhile may be missing.
struct FileEnd {
  std::string text;
  bool is_whole = true;  ///< false if the file has bytes before `text`
};
[[nodiscard]] std::optional<FileEnd> read_end_of_regular_file(const std::filesystem::path& file,
                                                              std::size_t most,
                                                              std::error_code& error);

/// Identifies the file at a path and its last change. If the file is replaced or changed, its stamp
/// differs.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::int64_t changed_at = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Returns the stamp of a file. Empty if there is no file, or if the last change is so recent that
/// another change could have the same time.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

/// Like read_start_of_regular_file(), for a file that holds a secret. On POSIX systems, fails with
/// std::errc::operation_not_permitted if the file belongs to an account other than this one and
/// root, or if its group or others may read or write it. Windows has no such mode: there, the owner
/// must set the access list of the file.
[[nodiscard]] std::optional<std::string> read_start_of_private_file(
    const std::filesystem::path& file, std::size_t most, std::error_code& error);

}  // namespace provisr::daemon
