#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>

namespace provisr::daemon {

/// A file that only this program writes, open for reading and writing. Not thread-safe.
class StateFile {
 public:
  /// Opens a file; creates a missing one with access only for its owner. On failure, returns null
  /// and sets `error`: std::errc::not_supported if it is not a regular file or if this system has
  /// no state files.
  [[nodiscard]] static std::unique_ptr<StateFile> open(const std::filesystem::path& file,
                                                       std::error_code& error);
  virtual ~StateFile() = default;

  /// Returns the size in bytes; 0 on failure.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Appends zeros until the file has `size` bytes. Allocates real disk space for them.
  [[nodiscard]] virtual std::error_code reserve(std::uint64_t size) = 0;

  /// Fills `bytes`, or returns std::errc::io_error if the file is shorter.
  [[nodiscard]] virtual std::error_code read(std::uint64_t offset,
                                             std::span<std::byte> bytes) const = 0;
  /// Writes all of `bytes`. The data survives if this program is killed, but may be lost if the
  /// machine loses power soon after. Fails with std::errc::no_such_file_or_directory if somebody
  /// has removed the file.
  [[nodiscard]] virtual std::error_code write(std::uint64_t offset,
                                              std::span<const std::byte> bytes) = 0;

  /// Tries to lock the file and `folder`, which it is in: the file may be removed. Fails with
  /// std::errc::operation_would_block if another program holds one of the locks. They are held
  /// until the object is destroyed or the program ends. A file system that cannot lock folders
  /// locks the file only.
  [[nodiscard]] virtual std::error_code lock(const std::filesystem::path& folder) = 0;
};

/// Creates a missing folder with access only for its owner. Fails with
/// std::errc::operation_not_permitted if it belongs to another user or if others may write to it.
[[nodiscard]] std::error_code prepare_private_directory(const std::filesystem::path& directory);

}  // namespace provisr::daemon
