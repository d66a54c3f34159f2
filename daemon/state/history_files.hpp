#pragma once

#include "daemon/base/log.hpp"
#include "daemon/state/history_file.hpp"

#include <provisr/clock.hpp>
#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// Stores histories in files, one per name, in the format of docs/history-format.md. The history
/// itself is in memory, so that pushes and readers never wait for the disk; a mapped file would not
/// guarantee that. write_some() updates the files. The ring serves as the buffer: if the disk falls
/// behind by more than the ring holds, the files lack the oldest of the missing samples.
///
/// Thread safety: recall(), remove() and write_some() belong to one thread and may wait for the
/// disk. All other functions may be called from any thread and never wait.
class HistoryFiles {
 public:
  /// Uses an existing folder. `log` must outlive the object, or be valid until silence().
  HistoryFiles(std::filesystem::path directory, const Log& log,
               const Clock& clock = Clock::system(), HistoryFile::Open open = StateFile::open);
  ~HistoryFiles();
  HistoryFiles(const HistoryFiles&) = delete;
  HistoryFiles& operator=(const HistoryFiles&) = delete;

  struct Kept;

  /// Creates a history under this name. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Kept> add(const HistoryShape& shape);

  /// Loads a history from its file. The history must not be in use yet. If the file cannot be used,
  /// logs the error; write_some() tries again later.
  void recall(Kept& kept);

  /// Returns the bytes of a history; from now on, the caller pushes into it. The history lacks rows
  /// that are not recalled yet; the file keeps them as far as its capacity allows.
  [[nodiscard]] HistoryStorage use(Kept& kept);

  /// Stops writing the history of this name.
  void drop(std::string_view name);
  /// Removes the file of this name.
  void remove(std::string_view name);

  /// Writes new samples for some milliseconds. Returns whether more are left.
  [[nodiscard]] bool write_some();

  /// Stops logging.
  void silence();

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view name) const;
  void look_for_changes();
  [[nodiscard]] bool write(Kept& kept);
  [[nodiscard]] bool ensure_recalled(Kept& kept);
  [[nodiscard]] std::error_code read_file(Kept& kept);
  static void discard_part(Kept& kept);
  static void push(Kept& kept, const SampleRows& rows);
  [[nodiscard]] bool append(Kept& kept);
  void skip_to(Kept& kept, std::uint64_t row);
  void note_result(Kept& kept, const std::error_code& error);
  void tell(LogLevel level, std::string_view text) const;

  std::filesystem::path directory_;
  const Clock& clock_;
  HistoryFile::Open open_;
  StorageProvider storage_;

  mutable std::mutex log_mutex_;
  const Log* log_;  ///< null after silence()

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> by_name_;
  bool has_changed_ = false;  ///< by_name_ has changed since all_ was copied from it

  // Used only by the writing thread:
  std::vector<std::shared_ptr<Kept>> all_;
  std::size_t next_ = 0;  ///< index into all_
  std::size_t failing_ = 0;
  bool has_overrun_ = false;  ///< in this round
  bool was_told_of_overrun_ = false;
  SampleRows rows_;
};

}  // namespace provisr::daemon
