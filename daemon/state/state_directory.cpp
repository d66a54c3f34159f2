#include "daemon/state/state_directory.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/adopted_child.hpp"
#include "daemon/state/set_aside.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/liveness.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& directory, std::string_view why) {
  throw std::runtime_error(fmt::format("state_dir {} {}", name_of(directory), why));
}

[[nodiscard]] std::string why_not(const std::error_code& error) {
  if (error != std::errc::operation_not_permitted) return "cannot be used: " + error.message();
  return "belongs to another user, or others may write to it: who writes there decides what "
         "provisrd takes for its own";
}

/// A child of a daemon that was killed has the lock, too, until it has closed what it inherited.
[[nodiscard]] bool lock_soon(StateFile& file) {
  constexpr std::chrono::milliseconds pause{20};
  constexpr int tries = 50;
  for (int i = 0; i < tries; ++i) {
    if (file.lock()) return true;
    std::this_thread::sleep_for(pause);
  }
  return false;
}

[[nodiscard]] std::unique_ptr<StateFile> take_lock(const fs::path& directory) {
  std::error_code error;
  auto file = StateFile::open(directory / "lock", error);
  if (!file) refuse(directory, why_not(error));
  if (!lock_soon(*file)) refuse(directory, "is in use by another provisrd");
  return file;
}

void prepare(const fs::path& directory) {
  if (!can_adopt_children() || !measures_own_pids()) {
    refuse(directory, "needs Linux 5.3 or later and a /proc of this PID namespace");
  }
  for (const fs::path& needed : {directory, directory / "histories"}) {
    if (const std::error_code error = prepare_private_directory(needed)) {
      refuse(needed, why_not(error));
    }
  }
}

}  // namespace

StateDirectory::StateDirectory(const fs::path& directory, const Log& log)
    : directory_(directory), log_(&log) {
  prepare(directory_);
  lock_ = take_lock(directory_);
  std::size_t torn = 0;
  processes_ = std::make_unique<ProcessStore>(
      open_slots(directory_ / "processes", ProcessStore::format()), torn);
  warn_of_torn("processes", torn);
  exits_ = std::make_unique<ExitStore>(open_slots(directory_ / "exits", ExitStore::format()),
                                       ExitLog::default_capacity, torn);
  warn_of_torn("exits", torn);
  histories_.emplace(directory_ / "histories", log);
}

std::unique_ptr<SlotFile> StateDirectory::open_slots(const fs::path& file,
                                                     const SlotFormat& format) const {
  std::string problem;
  bool is_foreign = false;
  auto slots = SlotFile::open(file, format, problem, is_foreign);
  if (!slots && is_foreign) {
    set_aside(file, problem, *log_);
    slots = SlotFile::open(file, format, problem, is_foreign);
  }
  if (!slots) throw std::runtime_error(fmt::format("{} {}", name_of(file), problem));
  return slots;
}

void StateDirectory::warn_of_torn(std::string_view what, std::size_t count) const {
  if (count == 0) return;
  log_->warn("{}: {} damaged {} of {} left out", name_of(directory_ / what), count,
             count == 1 ? "record" : "records", what);
}

std::optional<RememberedProcess> StateDirectory::recall(std::string_view name) const {
  return processes_->recall(name);
}

bool StateDirectory::remember(std::string_view name, const RememberedProcess& process) {
  const std::error_code error = processes_->remember(name, process);
  note(error, "processes");
  return !error;
}

void StateDirectory::forget(std::string_view name) {
  note(processes_->forget(name), "processes");
  histories_->remove(name);
}

StorageProvider StateDirectory::storage() {
  return [this](const HistoryShape& shape) { return histories_->open(shape); };
}

void StateDirectory::add_exit(const ExitRecord& record) {
  note(exits_->add(record), "exits");
}

void StateDirectory::note(const std::error_code& error, std::string_view what) {
  const std::string problem =
      error ? fmt::format("{} cannot be written: {}", name_of(directory_ / what), error.message())
            : std::string();
  if (!problem.empty() && problem != problem_) log_->error("{}", problem);
  problem_ = problem;
}

}  // namespace provisr::daemon
