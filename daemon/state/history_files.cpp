#include "daemon/state/history_files.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/unforked_storage.hpp"
#include "daemon/state/state_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds slice{20};  ///< other jobs may wait for the thread
constexpr std::uint64_t rows_at_a_time = 64;
constexpr nanoseconds first_pause = seconds(1);
constexpr nanoseconds longest_pause = seconds(60);

/// Returns the number of the oldest push that the ring still holds.
[[nodiscard]] std::uint64_t oldest_of(const History& ring) {
  const std::uint64_t pushed = ring.pushed();
  return pushed > ring.capacity() ? pushed - ring.capacity() : 0;
}

}  // namespace

/// `ring` is a second object over the bytes that the owner of the history pushes into.
struct HistoryFiles::Kept {
  Kept(fs::path path, const HistoryShape& shape, const HistoryStorage& bytes,
       HistoryFile::Open open)
      : name(shape.name),
        storage(bytes),
        ring(shape, bytes),
        file(std::move(path), shape, std::move(open)) {}

  const std::string name;
  const HistoryStorage storage;
  History ring;

  std::mutex mutex;
  bool is_used = false;      ///< somebody else pushes into the history
  bool is_complete = false;  ///< the ring holds all rows of the file that it can hold

  // Used only by the writing thread:
  HistoryFile file;
  bool is_recalled = false;   ///< the file is ready for append()
  std::uint64_t written = 0;  ///< number of the ring's pushes that are in the file
  nanoseconds pause{0};       ///< grows with each failure in a row
  std::optional<MonotonicTime> next_try;
};

HistoryFiles::HistoryFiles(fs::path directory, const Log& log, const Clock& clock,
                           HistoryFile::Open open)
    : directory_(std::move(directory)),
      clock_(clock),
      open_(std::move(open)),
      storage_(unforked_storage()),
      log_(&log) {}

HistoryFiles::~HistoryFiles() = default;

std::shared_ptr<HistoryFiles::Kept> HistoryFiles::add(const HistoryShape& shape) {
  auto kept = std::make_shared<Kept>(file_of(shape.name), shape, storage_(shape), open_);
  const std::lock_guard lock(mutex_);
  by_name_.insert_or_assign(kept->name, kept);
  has_changed_ = true;
  return kept;
}

void HistoryFiles::recall(Kept& kept) {
  static_cast<void>(ensure_recalled(kept));
}

HistoryStorage HistoryFiles::use(Kept& kept) {
  const std::lock_guard lock(kept.mutex);
  kept.is_used = true;
  if (!kept.is_complete) kept.ring.begin_anew();
  return kept.storage;
}

void HistoryFiles::drop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) by_name_.erase(found);
  has_changed_ = true;
}

void HistoryFiles::remove(std::string_view name) {
  std::error_code ignored;
  fs::remove(file_of(name), ignored);
}

bool HistoryFiles::write_some() {
  look_for_changes();
  const MonotonicTime end = clock_.monotonic_now() + slice;
  while (next_ < all_.size()) {
    const bool has_more = write(*all_[next_]);
    if (!has_more) ++next_;
    if (clock_.monotonic_now() >= end) return true;
  }
  next_ = 0;
  if (!std::exchange(has_overrun_, false)) was_told_of_overrun_ = false;
  return false;
}

void HistoryFiles::look_for_changes() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(has_changed_, false)) return;
  all_.clear();
  for (const auto& [name, kept] : by_name_) all_.push_back(kept);
  next_ = 0;
  failing_ = static_cast<std::size_t>(
      std::ranges::count_if(all_, [](const auto& kept) { return kept->next_try.has_value(); }));
}

/// Returns whether more rows of this history are left.
bool HistoryFiles::write(Kept& kept) {
  if (kept.is_recalled && kept.written == kept.ring.pushed()) return false;
  if (kept.next_try && clock_.monotonic_now() < *kept.next_try) return false;
  return ensure_recalled(kept) && append(kept);
}

bool HistoryFiles::ensure_recalled(Kept& kept) {
  if (kept.is_recalled) return true;
  std::error_code error;
  try {
    error = read_file(kept);
  } catch (const fs::filesystem_error& failure) {
    error = failure.code();
  }
  kept.is_recalled = !error;
  if (error) note_result(kept, error);
  return kept.is_recalled;
}

std::error_code HistoryFiles::read_file(Kept& kept) {
  discard_part(kept);
  std::string warning;
  const std::error_code error =
      kept.file.recall([&](const SampleRows& rows) { push(kept, rows); }, warning);
  const bool is_told_already = error && kept.next_try;
  if (!warning.empty() && !is_told_already) tell(LogLevel::warn, warning);
  const std::lock_guard lock(kept.mutex);
  if (error || kept.is_used) return error;
  kept.is_complete = true;
  kept.written = kept.ring.pushed();
  return {};
}

/// Discards what a reading that has failed left in the ring.
void HistoryFiles::discard_part(Kept& kept) {
  const std::lock_guard lock(kept.mutex);
  if (!kept.is_used) kept.ring.begin_anew();
}

void HistoryFiles::push(Kept& kept, const SampleRows& rows) {
  StateWriter::report_progress();
  const std::lock_guard lock(kept.mutex);
  if (kept.is_used) return;
  for (std::size_t i = 0; i < rows.size(); ++i) kept.ring.push(rows.metrics[i], rows[i].more);
}

bool HistoryFiles::append(Kept& kept) {
  skip_to(kept, oldest_of(kept.ring));
  const std::uint64_t pushed = kept.ring.pushed();
  const std::uint64_t end = std::min(pushed, kept.written + rows_at_a_time);
  rows_.clear();
  rows_.width = kept.ring.further_figures();
  kept.ring.read_last(end, static_cast<std::size_t>(end - kept.written), rows_.metrics, rows_.more);
  skip_to(kept, end - rows_.size());  // others may have pushed meanwhile
  const HistoryFile::Appended appended = kept.file.append(rows_);
  if (appended.was_cut) {
    tell(LogLevel::warn, fmt::format("{}: {} is gone or was cut short; it is being rewritten",
                                     kept.name, name_of(kept.file.path())));
    kept.is_recalled = false;
    kept.written = oldest_of(kept.ring);
    return true;
  }
  note_result(kept, appended.error);
  kept.written = end - (rows_.size() - appended.rows);
  return !appended.error && kept.written < pushed;
}

/// Skips and reports the rows before `row`, which the ring has overwritten because the disk was too
/// slow.
void HistoryFiles::skip_to(Kept& kept, std::uint64_t row) {
  if (kept.written >= row) return;
  kept.written = row;
  has_overrun_ = true;
  if (std::exchange(was_told_of_overrun_, true)) return;
  tell(LogLevel::warn, fmt::format("{}: the disk was too slow for its history: the file lacks "
                                   "samples, and perhaps those of others, too",
                                   kept.name));
}

/// Logs only the first failure and the last recovery, because all histories are on one disk.
void HistoryFiles::note_result(Kept& kept, const std::error_code& error) {
  if (!error) {
    if (!std::exchange(kept.next_try, std::nullopt)) return;
    kept.pause = nanoseconds(0);
    if (--failing_ == 0) tell(LogLevel::info, "histories are written again");
    return;
  }
  kept.pause = std::clamp(2 * kept.pause, first_pause, longest_pause);
  const bool is_first = !kept.next_try && failing_++ == 0;
  kept.next_try = clock_.monotonic_now() + kept.pause;
  tell(is_first ? LogLevel::error : LogLevel::debug,
       fmt::format("{}: its history is not written: {}: {}", kept.name, name_of(kept.file.path()),
                   error.message()));
}

void HistoryFiles::tell(LogLevel level, std::string_view text) const {
  const std::lock_guard lock(log_mutex_);
  if (log_ != nullptr && log_->enabled(level)) log_->write(level, text);
}

void HistoryFiles::silence() {
  const std::lock_guard lock(log_mutex_);
  log_ = nullptr;
}

fs::path HistoryFiles::file_of(std::string_view name) const {
  return directory_ / (std::string(name) + ".history");
}

}  // namespace provisr::daemon
