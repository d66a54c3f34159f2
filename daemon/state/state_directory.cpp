#include "daemon/state/state_directory.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/adopted_child.hpp"
#include "daemon/state/set_aside.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/liveness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

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

/// A child of a killed daemon also holds the lock until it has closed its inherited descriptors.
[[nodiscard]] std::error_code lock_soon(StateFile& file, const fs::path& directory) {
  constexpr std::chrono::milliseconds pause{20};
  constexpr int tries = 50;
  std::error_code error = file.lock(directory);
  for (int i = 1; i < tries && error == std::errc::operation_would_block; ++i) {
    std::this_thread::sleep_for(pause);
    error = file.lock(directory);
  }
  return error;
}

[[nodiscard]] std::unique_ptr<StateFile> take_lock(const fs::path& directory) {
  std::error_code error;
  auto file = StateFile::open(directory / "lock", error);
  if (!file) refuse(directory, why_not(error));
  error = lock_soon(*file, directory);
  if (error == std::errc::operation_would_block) {
    refuse(directory, "is in use by another provisrd");
  }
  if (error) refuse(directory, "cannot be locked: " + error.message());
  return file;
}

void prepare(const fs::path& directory) {
  if (const std::string obstacle = obstacle_to_adoption(); !obstacle.empty()) {
    refuse(directory, obstacle);
  }
  if (!measures_own_pids()) refuse(directory, "needs a /proc of this PID namespace");
  for (const fs::path& needed : {directory, directory / "histories"}) {
    if (const std::error_code error = prepare_private_directory(needed)) {
      refuse(needed, why_not(error));
    }
  }
}

constexpr std::string_view key_of_process = "process ";
constexpr std::string_view key_of_counts = "counts ";
constexpr std::string_view key_of_exit = "exit ";
constexpr std::string_view key_of_history = "history ";
constexpr std::string_view key_of_removal = "removal ";

[[nodiscard]] std::string key(std::string_view kind, std::string_view name) {
  return std::string(kind).append(name);
}

}  // namespace

/// The files that jobs of the writer use. Lives as long as the jobs.
struct StateDirectory::Files {
  std::unique_ptr<StateFile> lock;
  std::unique_ptr<ProcessStore> processes;
  std::unique_ptr<ExitStore> exits;
  std::unique_ptr<CountStore> counts;
  std::optional<HistoryFiles> histories;
};

StateDirectory::StateDirectory(const fs::path& directory, const Log& log)
    : directory_(directory), log_(&log), files_(std::make_shared<Files>()) {
  prepare(directory_);
  files_->lock = take_lock(directory_);
  std::size_t torn = 0;
  files_->processes = std::make_unique<ProcessStore>(
      open_slots(directory_ / "processes", ProcessStore::format()), torn);
  warn_of_torn("processes", torn);
  files_->exits = std::make_unique<ExitStore>(
      open_slots(directory_ / "exits", ExitStore::format()),
      open_slots(directory_ / "exit-samples", ExitStore::samples_format()),
      ExitLog::default_capacity, torn);
  warn_of_torn("exits", torn);
  files_->counts =
      std::make_unique<CountStore>(open_slots(directory_ / "counts", CountStore::format()), torn);
  warn_of_torn("counts", torn);
  files_->histories.emplace(directory_ / "histories", log);
  recall_all();
  writer_.emplace("state_dir " + name_of(directory), log,
                  [files = files_] { return files->histories->write_some(); });
}

/// Silences the histories because the writer's thread may outlive the writer.
StateDirectory::~StateDirectory() {
  writer_.reset();
  if (files_->histories) files_->histories->silence();
}

/// Also counts exits that were recorded but not counted.
void StateDirectory::recall_all() {
  for (const std::string& name : files_->processes->names()) {
    known_[name] = *files_->processes->recall(name);
  }
  counts_ = files_->counts->all();
  for (const auto& [name, counts] : counts_) last_exit_ = std::max(last_exit_, counts.last_exit);
  for (ExitStore::Numbered& exit : files_->exits->take_records()) {
    last_exit_ = std::max(last_exit_, exit.number);
    const auto counts = counts_.find(exit.record.name);
    if (counts != counts_.end() && counts->second.last_exit < exit.number) {
      counts->second.exits.count(exit.record.status);
      counts->second.last_exit = exit.number;
    }
    exits_before_.push_back(std::move(exit.record));
  }
}

std::unique_ptr<SlotFile> StateDirectory::open_slots(const fs::path& file,
                                                     const SlotFormat& format) const {
  std::string problem;
  bool is_foreign = false;
  auto slots = SlotFile::open(file, format, problem, is_foreign);
  if (!slots && is_foreign) {
    std::error_code error;
    const std::string message = set_aside(file, problem, error);
    if (error) throw std::runtime_error(message);
    log_->write(LogLevel::warn, message);
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

std::vector<std::string> StateDirectory::names() const {
  std::set<std::string> names;
  for (const auto& [name, process] : known_) names.insert(name);
  const std::lock_guard lock(counts_mutex_);
  for (const auto& [name, counts] : counts_) names.insert(name);
  return {names.begin(), names.end()};
}

/// Nothing else is known of a name that has only counts.
std::optional<RememberedProcess> StateDirectory::recall(std::string_view name) const {
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  const std::lock_guard lock(counts_mutex_);
  if (counts_.contains(name)) return RememberedProcess{};
  return std::nullopt;
}

bool StateDirectory::remember(std::string_view name, const RememberedProcess& process) {
  const auto found = known_.find(name);
  const bool is_same = found != known_.end() && found->second == process;
  if (is_same && !unwritten_.contains(name)) return true;
  if (found == known_.end()) begin_to_count(name);
  std::string owned(name);
  known_[owned] = process;
  const auto outcome = writer_->write(key(key_of_process, name), [files = files_, owned, process] {
    return files->processes->remember(owned, process);
  });
  const bool is_written = outcome == StateWriter::Outcome::done;
  if (is_written) {
    unwritten_.erase(owned);
  } else {
    unwritten_.insert(std::move(owned));
  }
  return is_written;
}

void StateDirectory::forget(std::string_view name) {
  std::string owned(name);
  known_.erase(owned);
  unwritten_.erase(owned);
  writer_->post(key(key_of_process, name),
                [files = files_, owned] { return files->processes->forget(owned); });
  {
    const std::lock_guard lock(counts_mutex_);
    counts_.erase(owned);
    writer_->post(key(key_of_counts, name),
                  [files = files_, owned] { return files->counts->forget(owned); });
  }
  files_->histories->drop(name);
  static_cast<void>(
      writer_->write(key(key_of_removal, name), [files = files_, owned]() -> std::error_code {
        files->histories->remove(owned);
        return {};
      }));
}

StorageProvider StateDirectory::storage() {
  return [this](const HistoryShape& shape) { return open_history(shape); };
}

HistoryStorage StateDirectory::open_history(const HistoryShape& shape) {
  const auto kept = files_->histories->add(shape);
  auto outcome = StateWriter::Outcome::pending;
  if (!writer_->is_stalled()) {
    outcome = writer_->write(key(key_of_history, shape.name), [files = files_, kept] {
      files->histories->recall(*kept);
      return std::error_code();
    });
  }
  if (outcome == StateWriter::Outcome::pending) {
    log_->warn("{}: its history begins without its stored samples: {} does not answer", shape.name,
               name_of(directory_));
  }
  return files_->histories->use(*kept);
}

ExitLog::Counts StateDirectory::exit_counts() const {
  const std::lock_guard lock(counts_mutex_);
  ExitLog::Counts counts;
  for (const auto& [name, known] : counts_) counts[name] = known.exits;
  return counts;
}

void StateDirectory::begin_to_count(std::string_view name) {
  const std::lock_guard lock(counts_mutex_);
  if (!counts_.contains(name)) post_counts(name, counts_of(name));
}

/// A new name does not count exit records of an earlier process with the same name.
NameCounts& StateDirectory::counts_of(std::string_view name) {
  return counts_.try_emplace(std::string(name), NameCounts{.last_exit = last_exit_}).first->second;
}

std::shared_ptr<const StateWriter::Ticket> StateDirectory::post_counts(std::string_view name,
                                                                       const NameCounts& counts) {
  return writer_->post(key(key_of_counts, name),
                       [files = files_, name = std::string(name), counts] {
                         return files->counts->write(name, counts);
                       });
}

/// Writes the record before the count: the next daemon counts a record that is not counted yet.
void StateDirectory::add_exit(const ExitRecord& record) {
  std::shared_ptr<const StateWriter::Ticket> counted;
  {
    const std::lock_guard lock(counts_mutex_);
    const std::uint64_t number = ++last_exit_;
    writer_->post(key(key_of_exit, std::to_string(number % ExitLog::default_capacity)),
                  [files = files_, number, record] { return files->exits->add(number, record); });
    NameCounts& counts = counts_of(record.name);
    counts.exits.count(record.status);
    counts.last_exit = number;
    counted = post_counts(record.name, counts);
  }
  static_cast<void>(writer_->wait(counted));
}

BreachCounts StateDirectory::breaches_of(std::string_view name) const {
  const std::lock_guard lock(counts_mutex_);
  const auto found = counts_.find(name);
  return found == counts_.end() ? BreachCounts() : found->second.breaches;
}

void StateDirectory::add_breach(std::string_view name, LimitFigure figure) {
  const std::lock_guard lock(counts_mutex_);
  NameCounts& counts = counts_of(name);
  ++counts.breaches.of(figure);
  post_counts(name, counts);
}

}  // namespace provisr::daemon
