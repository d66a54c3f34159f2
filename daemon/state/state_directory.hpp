#pragma once

#include "daemon/base/log.hpp"
#include "daemon/state/exit_store.hpp"
#include "daemon/state/history_files.hpp"
#include "daemon/state/process_store.hpp"
#include "daemon/supervisor/exit_record.hpp"
#include "daemon/supervisor/process_memory.hpp"

#include <provisr/storage.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What outlives a kill -9 of the daemon: who ran, how processes ended, and their histories.
/// docs/state-format.md.
///
/// Thread safety: storage() and give_up_lost_histories() as HistoryFiles; the rest from one thread.
class StateDirectory final : public ProcessMemory {
 public:
  /// Makes the folder if it is missing. Throws std::runtime_error with one sentence if it cannot be
  /// used, or if another daemon uses it. `log` must outlive it.
  StateDirectory(const std::filesystem::path& directory, const Log& log);

  [[nodiscard]] std::vector<std::string> names() const override { return processes_->names(); }
  [[nodiscard]] std::optional<RememberedProcess> recall(std::string_view name) const override;
  bool remember(std::string_view name, const RememberedProcess& process) override;
  void forget(std::string_view name) override;

  /// As HistoryFiles::open. The object must outlive it.
  [[nodiscard]] StorageProvider storage();

  /// As HistoryFiles::give_up_lost; from any thread.
  void give_up_lost_histories(const std::function<void(std::string_view name)>& reset) {
    histories_->give_up_lost(reset);
  }

  /// Those of before, oldest first; only once.
  [[nodiscard]] std::vector<ExitRecord> take_exits() { return exits_->take_records(); }
  void add_exit(const ExitRecord& record);

 private:
  [[nodiscard]] std::unique_ptr<SlotFile> open_slots(const std::filesystem::path& file,
                                                     const SlotFormat& format) const;
  void warn_of_torn(std::string_view what, std::size_t count) const;
  void note(const std::error_code& error, std::string_view what);

  std::filesystem::path directory_;
  const Log* log_;
  std::unique_ptr<StateFile> lock_;
  std::unique_ptr<ProcessStore> processes_;
  std::unique_ptr<ExitStore> exits_;
  std::optional<HistoryFiles> histories_;
  std::string problem_;  ///< the last one that was logged
};

}  // namespace provisr::daemon
