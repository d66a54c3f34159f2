#pragma once

#include "daemon/base/log.hpp"
#include "daemon/state/count_store.hpp"
#include "daemon/state/exit_store.hpp"
#include "daemon/state/history_files.hpp"
#include "daemon/state/process_store.hpp"
#include "daemon/state/state_writer.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/exit_record.hpp"
#include "daemon/supervisor/limit_breach.hpp"
#include "daemon/supervisor/process_memory.hpp"

#include <provisr/storage.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The state that survives a kill -9 of the daemon: running processes, exits, counts and histories.
/// See docs/state-format.md. A StateWriter writes everything. When remember() or add_exit()
/// returns, its data is written unless the disk does not answer; what other functions change is
/// written soon.
///
/// Thread safety: storage(), write_histories(), silence(), add_breach() and breaches_of() may be
/// called from any thread; all other functions belong to one thread.
class StateDirectory final : public ProcessMemory {
 public:
  /// Creates a missing folder. Throws std::runtime_error with one sentence if the folder cannot be
  /// used or another daemon uses it. `log` must outlive the object.
  StateDirectory(const std::filesystem::path& directory, const Log& log);
  ~StateDirectory() override;

  [[nodiscard]] std::vector<std::string> names() const override;
  [[nodiscard]] std::optional<RememberedProcess> recall(std::string_view name) const override;
  bool remember(std::string_view name, const RememberedProcess& process) override;
  void forget(std::string_view name) override;

  /// Provides histories in memory that begin with their stored samples, or without them if the disk
  /// does not answer. The object must outlive the provider.
  [[nodiscard]] StorageProvider storage();

  /// Call it after pushes into the histories. Does not wait for the disk.
  void write_histories() { writer_->wake(); }

  /// Returns how long the disk has not answered; empty if it answers.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> silence() const {
    return writer_->silence();
  }

  /// Returns the exit records of earlier runs, oldest first. Call it once.
  [[nodiscard]] std::vector<ExitRecord> take_exits() { return std::move(exits_before_); }
  [[nodiscard]] ExitLog::Counts exit_counts() const;
  void add_exit(const ExitRecord& record);

  [[nodiscard]] BreachCounts breaches_of(std::string_view name) const;
  /// Does not wait for the disk.
  void add_breach(std::string_view name, LimitFigure figure);

 private:
  struct Files;

  [[nodiscard]] std::unique_ptr<SlotFile> open_slots(const std::filesystem::path& file,
                                                     const SlotFormat& format) const;
  void warn_of_torn(std::string_view what, std::size_t count) const;
  void recall_all();
  void begin_to_count(std::string_view name);
  // Require counts_mutex_:
  [[nodiscard]] NameCounts& counts_of(std::string_view name);
  std::shared_ptr<const StateWriter::Ticket> post_counts(std::string_view name,
                                                         const NameCounts& counts);
  [[nodiscard]] HistoryStorage open_history(const HistoryShape& shape);

  std::filesystem::path directory_;
  const Log* log_;
  std::shared_ptr<Files> files_;  ///< used by the writer's thread
  std::map<std::string, RememberedProcess, std::less<>> known_;
  std::set<std::string, std::less<>> unwritten_;  ///< names in known_ that may not be written
  std::vector<ExitRecord> exits_before_;
  mutable std::mutex counts_mutex_;  ///< guards the members below
  std::uint64_t last_exit_ = 0;      ///< number of the last exit record
  std::map<std::string, NameCounts, std::less<>> counts_;
  std::optional<StateWriter> writer_;
};

}  // namespace provisr::daemon
