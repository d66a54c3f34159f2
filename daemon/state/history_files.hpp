#pragma once

#include "daemon/base/log.hpp"

#include <provisr/storage.hpp>

#include <filesystem>
#include <string_view>

namespace provisr::daemon {

/// Histories in mapped files, one for each name, as docs/history-format.md has it.
///
/// Thread safety: different names from different threads.
class HistoryFiles {
 public:
  /// In an existing folder. `log` must outlive it.
  HistoryFiles(std::filesystem::path directory, const Log& log);

  /// The bytes of the name's file: those of before if they can be continued. A history of another
  /// length is copied into one of this. Files that hold something else are set aside. On the heap,
  /// with a warning, if there is no file to be had. Throws std::bad_alloc.
  [[nodiscard]] HistoryStorage open(const HistoryShape& shape) const;

  void remove(std::string_view name) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view name) const;

  std::filesystem::path directory_;
  const Log* log_;
};

}  // namespace provisr::daemon
