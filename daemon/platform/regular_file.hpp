#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// The beginning of a regular file, at most `most` bytes. On POSIX systems it never blocks on a
/// FIFO, a device or a file of procfs, even if one takes the file's place meanwhile. Returns an
/// empty optional on failure, with `error` set: std::errc::not_supported if it is not a regular
/// file.
[[nodiscard]] std::optional<std::string> read_start_of_regular_file(
    const std::filesystem::path& file, std::size_t most, std::error_code& error);

/// Why one of the functions here has not read a file.
[[nodiscard]] inline std::string reason_unreadable(const std::error_code& error) {
  return error == std::errc::not_supported ? "it is not a regular file" : error.message();
}

/// The end of a regular file, at most `most` bytes, under the same rules. What is appended
/// meanwhile may be missing.
struct FileEnd {
  std::string text;
  bool is_whole = true;  ///< false if the file has bytes before them
};
[[nodiscard]] std::optional<FileEnd> read_end_of_regular_file(const std::filesystem::path& file,
                                                              std::size_t most,
                                                              std::error_code& error);

/// Which file stands at a path, and when it was changed last: another one, or another time, if
/// anything was written there since.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::int64_t changed_at = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Empty if there is no file, or if it was changed so lately that another change might bear the
/// same time.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

/// As read_start_of_regular_file() of a file that holds a secret: on POSIX systems,
/// std::errc::operation_not_permitted if it belongs to another account than this one and root, or
/// its group or others may read or write it. Windows has no such mode: there, the access list of
/// the file is for its owner to keep.
[[nodiscard]] std::optional<std::string> read_start_of_private_file(
    const std::filesystem::path& file, std::size_t most, std::error_code& error);

}  // namespace provisr::daemon
