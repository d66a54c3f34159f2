#pragma once

#include "daemon/platform/state_file.hpp"

#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The file of one history, in the format of docs/history-format.md. It is opened for each use, so
/// that thousands of histories need no descriptors. Each call may block as long as the disk does.
///
/// Not thread-safe.
class HistoryFile {
 public:
  using Open = std::function<std::unique_ptr<StateFile>(const std::filesystem::path& file,
                                                        std::error_code& error)>;

  HistoryFile(std::filesystem::path file, const HistoryShape& shape, Open open = StateFile::open);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  using TakeRows = std::function<void(const SampleRows& rows)>;

  /// Prepares the file for append(). Creates a missing or empty file, and copies one with another
  /// capacity or row size. Passes the newest rows of the file to `take`, oldest first, in parts;
  /// all together are at most as many as the shape's capacity. If it fails, these were not all. A
  /// file with any other content is set aside and described in `warning`. Throws std::bad_alloc and
  /// std::filesystem::filesystem_error.
  [[nodiscard]] std::error_code recall(const TakeRows& take, std::string& warning);

  struct Appended {
    std::size_t rows = 0;  ///< that are now in the file
    /// The file is missing or was cut short: call recall() before the next append()
    bool was_cut = false;
    std::error_code error;
  };

  /// Appends rows. Requires a successful recall(). If the program is killed at any moment, the file
  /// can still be continued.
  [[nodiscard]] Appended append(const SampleRows& rows);

 private:
  struct Stored;

  [[nodiscard]] HistoryShape shape() const noexcept { return {name_, capacity_, row_size_}; }
  [[nodiscard]] std::error_code make(StateFile& file);
  [[nodiscard]] std::error_code make_anew();
  [[nodiscard]] std::error_code copy(const Stored& stored, const TakeRows& take);
  [[nodiscard]] std::error_code fill(const Stored& stored, const TakeRows& take);
  [[nodiscard]] std::error_code append_row(StateFile& file, const SampleView& row);
  void lay_out(const SampleView& row, std::span<std::byte> bytes) const;

  Open open_;
  std::filesystem::path path_;
  std::string name_;
  std::size_t capacity_;
  std::size_t row_size_;
  std::uint64_t pushed_ = 0;    ///< as counted in the file
  std::vector<std::byte> row_;  ///< buffer of the row to write
};

}  // namespace provisr::daemon
