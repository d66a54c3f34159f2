#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>

namespace provisr::daemon {

/// A file that this program alone writes, open for reading and writing. Not thread-safe.
class StateFile {
 public:
  /// Creates one that is missing, for its owner only. Null with `error` set on failure:
  /// std::errc::not_supported if it is no regular file, or if this system has no state files.
  [[nodiscard]] static std::unique_ptr<StateFile> open(const std::filesystem::path& file,
                                                       std::error_code& error);
  virtual ~StateFile() = default;

  /// In bytes; 0 on failure.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Adds zeros until it has `size` bytes, for all of which the disk then has room.
  [[nodiscard]] virtual std::error_code reserve(std::uint64_t size) = 0;

  /// All of `bytes`, or std::errc::io_error if the file is shorter.
  [[nodiscard]] virtual std::error_code read(std::uint64_t offset,
                                             std::span<std::byte> bytes) const = 0;
  /// All of `bytes`. What was written is not lost if this program is killed; it is if the machine
  /// loses its power soon.
  [[nodiscard]] virtual std::error_code write(std::uint64_t offset,
                                              std::span<const std::byte> bytes) = 0;

  /// Whether no other program has it locked; then this one has, until the object is destroyed or
  /// the program ends.
  [[nodiscard]] virtual bool lock() = 0;
};

/// Makes a folder that is missing, for its owner only. Fails with
/// std::errc::operation_not_permitted if it belongs to another user or if others may write to it.
[[nodiscard]] std::error_code prepare_private_directory(const std::filesystem::path& directory);

}  // namespace provisr::daemon
