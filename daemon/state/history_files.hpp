#pragma once

#include "daemon/base/log.hpp"
#include "daemon/platform/state_file.hpp"

#include <provisr/storage.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Histories in mapped files, one for each name, as docs/history-format.md has it.
///
/// Thread safety: different names from different threads; give_up_lost() from any.
class HistoryFiles {
 public:
  /// In an existing folder. `log` must outlive it.
  HistoryFiles(std::filesystem::path directory, const Log& log);

  /// The bytes of the name's file: those of before if they can be continued. A history of another
  /// length is copied into one of this. Files that hold something else are set aside. On the heap,
  /// with a warning, if there is no file to be had. Throws std::bad_alloc.
  [[nodiscard]] HistoryStorage open(const HistoryShape& shape);

  void remove(std::string_view name);

  /// Calls `reset` for each history whose file was lost under way (see FileMemory), with a warning.
  void give_up_lost(const std::function<void(std::string_view name)>& reset);

 private:
  [[nodiscard]] std::vector<std::string> take_lost();
  [[nodiscard]] std::filesystem::path file_of(std::string_view name) const;

  std::filesystem::path directory_;
  const Log* log_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const FileMemory>, std::less<>> mapped_;  ///< by name
};

}  // namespace provisr::daemon
