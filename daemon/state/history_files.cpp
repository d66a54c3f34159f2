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
[[nodiscard]] HistoryStorage map(StateFile& file, std::size_t size) {
  std::error_code error;
  auto memory = file.map(size, error);
  if (!memory) throw std::system_error(error, "cannot be mapped");
  return {std::span(memory.get(), size), memory};
}

/// Throws std::system_error if the disk has no room.
[[nodiscard]] HistoryStorage make(const fs::path& file, const HistoryShape& shape) {
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
[[nodiscard]] HistoryStorage copy(const fs::path& file, const HistoryShape& from,
                                  HistoryStorage bytes, const HistoryShape& shape) {
  const std::vector<ProcessMetrics> samples = History(from, std::move(bytes)).read();
  fs::path made = file;
  made += ".new";
  fs::remove(made);
  HistoryStorage storage = make(made, shape);
  History history(shape, storage);
  for (const ProcessMetrics& sample : samples) history.push(sample);
  fs::rename(made, file);
  return storage;
}

/// Throws std::system_error.
[[nodiscard]] HistoryStorage open_or_make(const fs::path& file, const HistoryShape& shape,
                                          const Log& log) {
  const auto opened = open_file(file);
  const auto size = static_cast<std::size_t>(opened->size());
  if (size == 0) return make(file, shape);
  HistoryStorage storage = map(*opened, size);
  const StorageState state = inspect_history(storage.bytes, shape);
  if (can_continue(state) || state == StorageState::empty) return storage;
  if (state == StorageState::mismatched) {
    if (const auto from = shape_of(storage.bytes, shape.name)) {
      return copy(file, *from, std::move(storage), shape);
    }
  }
  set_aside(file, "is no history that can be continued: " + std::string(to_text(state)), log);
  return make(file, shape);
}

}  // namespace

HistoryFiles::HistoryFiles(fs::path directory, const Log& log)
    : directory_(std::move(directory)), log_(&log) {}

HistoryStorage HistoryFiles::open(const HistoryShape& shape) const {
  const fs::path file = file_of(shape.name);
  try {
    return open_or_make(file, shape, *log_);
  } catch (const std::system_error& failure) {
    log_->warn("{}: its history is not kept: {} {}", shape.name, name_of(file), failure.what());
    return heap_storage(shape);
  }
}

void HistoryFiles::remove(std::string_view name) const {
  std::error_code ignored;
  fs::remove(file_of(name), ignored);
}

fs::path HistoryFiles::file_of(std::string_view name) const {
  return directory_ / (std::string(name) + ".history");
}

}  // namespace provisr::daemon
