#include "daemon/state/history_file.hpp"

#include "daemon/state/set_aside.hpp"

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

using FileHeader = std::array<std::byte, sizeof(HistoryHeader)>;
using MoreFigure = Figure<std::uint64_t>;

static_assert(sizeof(MoreFigure) == 8 && std::is_trivially_copyable_v<MoreFigure>);
static_assert(std::is_trivially_copyable_v<ProcessMetrics>);

constexpr std::size_t widest_row =
    sizeof(ProcessMetrics) + FurtherFigures::max_slots * sizeof(MoreFigure);

template <class Number>
void put(FileHeader& header, std::size_t offset, Number number) {
  std::memcpy(&header[offset], &number, sizeof number);
}

[[nodiscard]] FileHeader header_of(const HistoryShape& shape) {
  FileHeader header{};
  put(header, offsetof(HistoryHeader, magic), HistoryHeader::magic_value);
  put(header, offsetof(HistoryHeader, version), HistoryHeader::current_version);
  put(header, offsetof(HistoryHeader, row_size), static_cast<std::uint32_t>(shape.row_size));
  put(header, offsetof(HistoryHeader, capacity), std::uint64_t{shape.capacity});
  std::memcpy(&header[offsetof(HistoryHeader, name)], shape.name.data(), shape.name.size());
  return header;
}

/// Writes `begun` and `pushed` at once.
[[nodiscard]] std::error_code write_counters(StateFile& file, std::uint64_t begun,
                                             std::uint64_t pushed) {
  const std::array<std::uint64_t, 2> counters{begun, pushed};
  static_assert(offsetof(HistoryHeader, pushed) == offsetof(HistoryHeader, begun) + 8);
  return file.write(offsetof(HistoryHeader, begun), std::as_bytes(std::span(counters)));
}

/// Returns the shape that the header describes, if the file holds a complete history of that shape.
[[nodiscard]] std::optional<HistoryShape> shape_in(const FileHeader& bytes, std::uint64_t size,
                                                   std::string_view name) {
  const detail::HeaderBytes header(bytes);
  const HistoryShape shape{
      .name = name,
      .capacity = header.number<std::uint64_t>(offsetof(HistoryHeader, capacity)),
      .row_size = header.number<std::uint32_t>(offsetof(HistoryHeader, row_size))};
  const bool is_possible = shape.capacity > 0 && shape.capacity <= size &&
                           shape.row_size >= sizeof(ProcessMetrics) &&
                           shape.row_size <= widest_row && shape.row_size % 64 == 0;
  if (!is_possible || !can_continue(inspect_history(bytes, size, shape))) return std::nullopt;
  return shape;
}

void add_row(std::span<const std::byte> bytes, SampleRows& rows) {
  ProcessMetrics metrics;
  std::memcpy(&metrics, bytes.data(), sizeof metrics);
  rows.metrics.push_back(metrics);
  for (std::size_t at = sizeof metrics; at < bytes.size(); at += sizeof(MoreFigure)) {
    std::uint64_t figure = 0;
    std::memcpy(&figure, &bytes[at], sizeof figure);
    rows.more.emplace_back(figure);
  }
}

/// Reads the rows of the pushes from `begin` to `end`, which must be adjacent in the file.
[[nodiscard]] std::error_code read_run(const StateFile& file, const HistoryShape& from,
                                       std::uint64_t begin, std::uint64_t end, SampleRows& rows) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(end - begin) * from.row_size);
  const std::uint64_t offset = sizeof(HistoryHeader) + begin % from.capacity * from.row_size;
  if (const std::error_code error = file.read(offset, bytes)) return error;
  for (std::size_t at = 0; at < bytes.size(); at += from.row_size) {
    add_row(std::span(bytes).subspan(at, from.row_size), rows);
  }
  return {};
}

}  // namespace

HistoryFile::HistoryFile(fs::path file, const HistoryShape& shape, Open open)
    : open_(std::move(open)),
      path_(std::move(file)),
      name_(shape.name),
      capacity_(shape.capacity),
      row_size_(shape.row_size),
      row_(row_size_) {}

std::error_code HistoryFile::recall(SampleRows& rows, std::string& warning) {
  rows.clear();
  std::error_code error;
  const auto file = open_(path_, error);
  if (!file) return error;
  const std::uint64_t size = file->size();
  FileHeader header{};
  const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(size, header.size()));
  error = file->read(0, std::span(header).first(there));
  if (error) return error;
  if (detail::HeaderBytes(header).is_empty()) return make(*file);
  const StorageState state = inspect_history(header, size, shape());
  if (can_continue(state)) return read(*file, shape(), header, rows);
  if (state == StorageState::mismatched) {
    if (const auto from = shape_in(header, size, name_)) {
      error = read(*file, *from, header, rows);
      return error ? error : copy(rows);
    }
  }
  warning = set_aside(path_, "is no history that can be continued: " + std::string(to_text(state)));
  return make_anew();
}

std::error_code HistoryFile::make_anew() {
  std::error_code error;
  const auto file = open_(path_, error);
  return file ? make(*file) : error;
}

/// Also reserves disk space for the whole history.
std::error_code HistoryFile::make(StateFile& file) {
  pushed_ = 0;
  if (const std::error_code error = file.reserve(history_size(shape()))) return error;
  return file.write(0, header_of(shape()));
}

/// Leaves out a torn row, as History does.
std::error_code HistoryFile::read(const StateFile& file, const HistoryShape& from,
                                  std::span<const std::byte, sizeof(HistoryHeader)> bytes,
                                  SampleRows& rows) {
  const detail::HeaderBytes header(bytes);
  const auto begun = header.number<std::uint64_t>(offsetof(HistoryHeader, begun));
  pushed_ = header.number<std::uint64_t>(offsetof(HistoryHeader, pushed));
  const auto oldest_of = [](std::uint64_t end, std::uint64_t kept) {
    return end > kept ? end - kept : 0;
  };
  const std::uint64_t begin =
      std::max(oldest_of(begun, from.capacity), oldest_of(pushed_, capacity_));
  rows.width = (from.row_size - sizeof(ProcessMetrics)) / sizeof(MoreFigure);
  const std::uint64_t to_the_end = begin + from.capacity - begin % from.capacity;
  const std::uint64_t middle = std::min(pushed_, to_the_end);
  if (const std::error_code error = read_run(file, from, begin, middle, rows)) return error;
  return read_run(file, from, middle, pushed_, rows);
}

/// Copies into a new file, which then replaces the old one.
std::error_code HistoryFile::copy(const SampleRows& rows) {
  fs::path made_path = path_;
  made_path += ".new";
  fs::remove(made_path);
  HistoryFile made(made_path, shape(), open_);
  if (const std::error_code error = made.make_anew()) return error;
  if (const std::error_code error = made.append(rows).error) return error;
  fs::rename(made_path, path_);
  pushed_ = made.pushed_;
  return {};
}

HistoryFile::Appended HistoryFile::append(const SampleRows& rows) {
  Appended appended;
  const auto file = open_(path_, appended.error);
  if (!file) return appended;
  appended.was_cut = file->size() < history_size(shape());
  if (appended.was_cut) return appended;
  for (; appended.rows < rows.size(); ++appended.rows) {
    appended.error = append_row(*file, rows[appended.rows]);
    if (appended.error) break;
  }
  return appended;
}

/// Announces in the header that the oldest row will be overwritten, before overwriting it.
std::error_code HistoryFile::append_row(StateFile& file, const SampleView& row) {
  if (pushed_ >= capacity_) {
    if (const std::error_code error = write_counters(file, pushed_ + 1, pushed_)) return error;
  }
  std::ranges::fill(row_, std::byte{0xFF});  // missing figures are unknown
  std::memcpy(row_.data(), &row.metrics, sizeof row.metrics);
  const std::span room = std::span(row_).subspan(sizeof row.metrics);
  const auto more = std::as_bytes(row.more);
  std::ranges::copy(more.first(std::min(more.size(), room.size())), room.begin());
  const std::uint64_t offset = sizeof(HistoryHeader) + pushed_ % capacity_ * row_size_;
  if (const std::error_code error = file.write(offset, row_)) return error;
  if (const std::error_code error = write_counters(file, pushed_ + 1, pushed_ + 1)) return error;
  ++pushed_;
  return {};
}

}  // namespace provisr::daemon
