#pragma once

#include "daemon/base/log.hpp"

#include <provisr/clock.hpp>
#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// Keeps histories in files, one for each name, as docs/history-format.md has it. A history itself
/// lives in memory, so that neither a push nor a reader ever waits for the disk: not even a mapped
/// file promises that. Whoever calls write_some() brings the files up to date. The ring is the
/// buffer: if the disk falls behind by more than it holds, the files lack the oldest of what is
/// missing.
///
/// Thread safety: recall(), remove() and write_some() are for one thread, which may have to wait
/// for the disk; the rest is for any thread and waits for nothing.
class HistoryFiles {
 public:
  /// In an existing folder. `log` must outlive it, or until silence().
  HistoryFiles(std::filesystem::path directory, const Log& log,
               const Clock& clock = Clock::system());
  ~HistoryFiles();
  HistoryFiles(const HistoryFiles&) = delete;
  HistoryFiles& operator=(const HistoryFiles&) = delete;

  struct Kept;

  /// A new history under this name. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Kept> add(const HistoryShape& shape);

  /// Puts what its file holds into a history that nobody uses yet. If the file cannot be used, that
  /// is logged, and write_some() tries again now and then.
  void recall(Kept& kept);

  /// The bytes of a history, for who pushes into it from now on. It lacks what was not recalled by
  /// now; the file keeps it, unless there is no room.
  [[nodiscard]] HistoryStorage use(Kept& kept);

  /// Writes no more of this name.
  void drop(std::string_view name);
  /// Removes the file of a name.
  void remove(std::string_view name);

  /// Writes what was pushed since, for some milliseconds. Returns whether more is left.
  [[nodiscard]] bool write_some();

  /// Logs nothing any more.
  void silence();

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view name) const;
  void look_for_changes();
  [[nodiscard]] bool write(Kept& kept);
  [[nodiscard]] bool is_recalled(Kept& kept);
  [[nodiscard]] std::error_code read_file(Kept& kept);
  [[nodiscard]] bool append(Kept& kept);
  void note_overrun(Kept& kept);
  void note_result(Kept& kept, const std::error_code& error);
  void tell(LogLevel level, std::string_view text) const;

  std::filesystem::path directory_;
  const Clock& clock_;
  StorageProvider storage_;

  mutable std::mutex log_mutex_;
  const Log* log_;  ///< null: whoever had it has gone

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> by_name_;
  bool has_changed_ = false;  ///< by_name_, since all_ was made of it

  // Of the thread that writes:
  std::vector<std::shared_ptr<Kept>> all_;
  std::size_t next_ = 0;  ///< of all_
  std::size_t failing_ = 0;
  bool has_overrun_ = false;  ///< in this round
  bool was_told_of_overrun_ = false;
  SampleRows rows_;
};

}  // namespace provisr::daemon
