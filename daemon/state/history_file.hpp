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

/// The file of one history, as docs/history-format.md has it. It is opened for each use, so that
/// thousands cost no descriptors. Each call may wait for the disk as long as that likes.
///
/// Not thread-safe.
class HistoryFile {
 public:
  using Open = std::function<std::unique_ptr<StateFile>(const std::filesystem::path& file,
                                                        std::error_code& error)>;

  HistoryFile(std::filesystem::path file, const HistoryShape& shape, Open open = StateFile::open);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Makes the file ready for append(): one that is missing or empty is made, one of another length
  /// or width is copied. `rows` becomes what it holds, at most as many of the newest as the shape
  /// has. A file of anything else is set aside, and `warning` says so. Throws std::bad_alloc and
  /// std::filesystem::filesystem_error.
  [[nodiscard]] std::error_code recall(SampleRows& rows, std::string& warning);

  struct Appended {
    std::size_t rows = 0;  ///< that are in the file now
    bool was_cut = false;  ///< the file is gone or was cut short: recall() comes first
    std::error_code error;
  };

  /// After recall(). Killed at any moment, it leaves a file that can be continued.
  [[nodiscard]] Appended append(const SampleRows& rows);

 private:
  [[nodiscard]] HistoryShape shape() const noexcept { return {name_, capacity_, row_size_}; }
  [[nodiscard]] std::error_code make(StateFile& file);
  [[nodiscard]] std::error_code make_anew();
  [[nodiscard]] std::error_code read(const StateFile& file, const HistoryShape& from,
                                     std::span<const std::byte, sizeof(HistoryHeader)> bytes,
                                     SampleRows& rows);
  [[nodiscard]] std::error_code copy(const SampleRows& rows);
  [[nodiscard]] std::error_code append_row(StateFile& file, const SampleView& row);

  Open open_;
  std::filesystem::path path_;
  std::string name_;
  std::size_t capacity_;
  std::size_t row_size_;
  std::uint64_t pushed_ = 0;    ///< as the file counts
  std::vector<std::byte> row_;  ///< that is written
};

}  // namespace provisr::daemon
