#include "daemon/state/history_files.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/state_file.hpp"
#include "daemon/state/set_aside.hpp"

#include <provisr/history.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

/// Throws std::system_error.
[[nodiscard]] std::unique_ptr<StateFile> open_file(const fs::path& file) {
  std::error_code error;
  auto opened = StateFile::open(file, error);
  if (!opened) throw std::system_error(error, "cannot be opened");
  return opened;
}

/// Throws std::system_error.
[[nodiscard]] std::shared_ptr<FileMemory> map(StateFile& file, std::size_t size) {
  std::error_code error;
  auto memory = file.map(size, error);
  if (!memory) throw std::system_error(error, "cannot be mapped");
  return memory;
}

[[nodiscard]] HistoryStorage storage_in(std::shared_ptr<FileMemory> memory) {
  const std::span<std::byte> bytes = memory->bytes();
  return {bytes, std::move(memory)};
}

/// Throws std::system_error if the disk has no room.
[[nodiscard]] std::shared_ptr<FileMemory> make(const fs::path& file, const HistoryShape& shape) {
  const auto opened = open_file(file);
  const std::size_t size = history_size(shape);
  if (const std::error_code error = opened->reserve(size)) {
    throw std::system_error(error, "cannot be written");
  }
  return map(*opened, size);
}

/// The shape that the header tells, if all of such a history is there.
[[nodiscard]] std::optional<HistoryShape> shape_of(std::span<const std::byte> bytes,
                                                   std::string_view name) {
  if (bytes.size() < sizeof(HistoryHeader)) return std::nullopt;
  const detail::HeaderBytes header(bytes.first<sizeof(HistoryHeader)>());
  const HistoryShape shape{
      .name = name,
      .capacity = header.number<std::uint64_t>(offsetof(HistoryHeader, capacity)),
      .row_size = header.number<std::uint32_t>(offsetof(HistoryHeader, row_size))};
  const bool is_possible = shape.capacity > 0 && shape.capacity <= bytes.size() &&
                           shape.row_size >= sizeof(ProcessMetrics) && shape.row_size % 64 == 0;
  if (!is_possible || !can_continue(inspect_history(bytes, shape))) return std::nullopt;
  return shape;
}

/// Writes what a history of another shape holds into a new file that takes its place.
[[nodiscard]] std::shared_ptr<FileMemory> copy(const fs::path& file, const HistoryShape& from,
                                               std::shared_ptr<FileMemory> memory,
                                               const HistoryShape& shape) {
  const History former(from, storage_in(std::move(memory)));
  SampleRows rows;
  rows.width = former.further_figures();
  former.read_until(former.pushed(), rows.metrics, rows.more);
  fs::path made = file;
  made += ".new";
  fs::remove(made);
  auto copied = make(made, shape);
  History history(shape, storage_in(copied));
  for (std::size_t i = 0; i < rows.size(); ++i) history.push(rows.metrics[i], rows[i].more);
  fs::rename(made, file);
  return copied;
}

/// Throws std::system_error.
[[nodiscard]] std::shared_ptr<FileMemory> open_or_make(const fs::path& file,
                                                       const HistoryShape& shape, const Log& log) {
  const auto opened = open_file(file);
  const auto size = static_cast<std::size_t>(opened->size());
  if (size == 0) return make(file, shape);
  auto memory = map(*opened, size);
  const StorageState state = inspect_history(memory->bytes(), shape);
  if (can_continue(state) || state == StorageState::empty) return memory;
  if (state == StorageState::mismatched) {
    if (const auto from = shape_of(memory->bytes(), shape.name)) {
      return copy(file, *from, std::move(memory), shape);
    }
  }
  set_aside(file, "is no history that can be continued: " + std::string(to_text(state)), log);
  return make(file, shape);
}

}  // namespace

HistoryFiles::HistoryFiles(fs::path directory, const Log& log)
    : directory_(std::move(directory)), log_(&log) {}

HistoryStorage HistoryFiles::open(const HistoryShape& shape) {
  const fs::path file = file_of(shape.name);
  try {
    auto memory = open_or_make(file, shape, *log_);
    const std::lock_guard lock(mutex_);
    mapped_.insert_or_assign(std::string(shape.name), memory);
    return storage_in(std::move(memory));
  } catch (const std::system_error& failure) {
    log_->warn("{}: its history is not kept: {} {}", shape.name, name_of(file), failure.what());
    return heap_storage(shape);
  }
}

void HistoryFiles::remove(std::string_view name) {
  std::error_code ignored;
  fs::remove(file_of(name), ignored);
  const std::lock_guard lock(mutex_);
  if (const auto found = mapped_.find(name); found != mapped_.end()) mapped_.erase(found);
}

void HistoryFiles::give_up_lost(const std::function<void(std::string_view name)>& reset) {
  const std::vector<std::string> lost = take_lost();
  for (const std::string& name : lost) {
    log_->warn(
        "{}: its history begins anew, and in memory only: {} was cut short, or its disk is "
        "full or fails",
        name, name_of(file_of(name)));
    reset(name);
  }
}

/// `reset` is called without the lock: it may wait for who opens a history.
std::vector<std::string> HistoryFiles::take_lost() {
  std::vector<std::string> lost;
  const std::lock_guard lock(mutex_);
  std::erase_if(mapped_, [&lost](const auto& entry) {
    const auto& [name, mapped] = entry;
    const auto memory = mapped.lock();
    if (!memory || !memory->is_lost()) return false;
    lost.push_back(name);
    return true;
  });
  return lost;
}

fs::path HistoryFiles::file_of(std::string_view name) const {
  return directory_ / (std::string(name) + ".history");
}

}  // namespace provisr::daemon
