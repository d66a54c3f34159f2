#include "daemon/state/history_file.hpp"

#include "daemon/state/set_aside.hpp"
#include "daemon/state/state_writer.hpp"

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

constexpr std::uint64_t rows_in_a_part = 1024;

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

/// Reserves disk space in parts.
[[nodiscard]] std::error_code reserve(StateFile& file, std::uint64_t size) {
  constexpr std::uint64_t part = 16 * 1024 * 1024;
  for (std::uint64_t end = 0; end < size;) {
    end = std::min(size, end + part);
    if (const std::error_code error = file.reserve(end)) return error;
    StateWriter::report_progress();
  }
  return {};
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
[[nodiscard]] std::error_code read_run(const StateFile& file, const HistoryShape& shape,
                                       std::uint64_t begin, std::uint64_t end, SampleRows& rows) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(end - begin) * shape.row_size);
  const std::uint64_t offset = sizeof(HistoryHeader) + begin % shape.capacity * shape.row_size;
  if (const std::error_code error = file.read(offset, bytes)) return error;
  for (std::size_t at = 0; at < bytes.size(); at += shape.row_size) {
    add_row(std::span(bytes).subspan(at, shape.row_size), rows);
  }
  return {};
}

}  // namespace

/// The rows of the pushes from `begin` to `end` in a file.
struct HistoryFile::Stored {
  /// All complete rows, but at most the newest `most`. A torn row is left out, as History does.
  Stored(const StateFile& of, const HistoryShape& is, const FileHeader& bytes, std::size_t most)
      : file(of), shape(is) {
    const detail::HeaderBytes header(bytes);
    const auto oldest_of = [](std::uint64_t count, std::uint64_t kept) {
      return count > kept ? count - kept : 0;
    };
    end = header.number<std::uint64_t>(offsetof(HistoryHeader, pushed));
    begin = std::max(
        oldest_of(header.number<std::uint64_t>(offsetof(HistoryHeader, begun)), shape.capacity),
        oldest_of(end, most));
  }

  /// Calls `visit(rows)` for one part after the other, until it returns an error.
  template <class Visit>
  [[nodiscard]] std::error_code for_each_part(Visit visit) const {
    SampleRows rows;
    for (std::uint64_t at = begin; at < end;) {
      const std::uint64_t end_of_file = at - at % shape.capacity + shape.capacity;
      const std::uint64_t part_end = std::min({end, at + rows_in_a_part, end_of_file});
      rows.clear();
      rows.width = (shape.row_size - sizeof(ProcessMetrics)) / sizeof(MoreFigure);
      std::error_code error = read_run(file, shape, at, part_end, rows);
      if (!error) error = visit(rows);
      if (error) return error;
      at = part_end;
    }
    return {};
  }

  const StateFile& file;
  HistoryShape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

HistoryFile::HistoryFile(fs::path file, const HistoryShape& shape, Open open)
    : open_(std::move(open)),
      path_(std::move(file)),
      name_(shape.name),
      capacity_(shape.capacity),
      row_size_(shape.row_size),
      row_(row_size_) {}

std::error_code HistoryFile::recall(const TakeRows& take, std::string& warning) {
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
  if (can_continue(state)) {
    const Stored stored(*file, shape(), header, capacity_);
    pushed_ = stored.end;
    return stored.for_each_part([&](const SampleRows& rows) {
      take(rows);
      return std::error_code();
    });
  }
  if (state == StorageState::mismatched) {
    if (const auto other = shape_in(header, size, name_)) {
      return copy(Stored(*file, *other, header, capacity_), take);
    }
  }
  warning = set_aside(path_, "is no history that can be continued: " + std::string(to_text(state)),
                      error);
  return error ? error : make_anew();
}

std::error_code HistoryFile::make_anew() {
  std::error_code error;
  const auto file = open_(path_, error);
  return file ? make(*file) : error;
}

/// Also reserves disk space for the whole history.
std::error_code HistoryFile::make(StateFile& file) {
  pushed_ = 0;
  if (const std::error_code error = reserve(file, history_size(shape()))) return error;
  return file.write(0, header_of(shape()));
}

/// Copies into a new file, which then replaces the old one.
std::error_code HistoryFile::copy(const Stored& stored, const TakeRows& take) {
  fs::path made_path = path_;
  made_path += ".new";
  fs::remove(made_path);
  HistoryFile made(made_path, shape(), open_);
  if (const std::error_code error = made.fill(stored, take)) {
    std::error_code ignored;
    fs::remove(made_path, ignored);  // the disk may be full
    return error;
  }
  fs::rename(made_path, path_);
  pushed_ = made.pushed_;
  return {};
}

/// Fills a new file. Writes its counters last: until then, it holds no row.
std::error_code HistoryFile::fill(const Stored& stored, const TakeRows& take) {
  std::error_code error;
  const auto file = open_(path_, error);
  if (!file) return error;
  if ((error = file->write(0, header_of(shape())))) return error;
  std::vector<std::byte> bytes;
  error = stored.for_each_part([&](const SampleRows& rows) {
    take(rows);
    bytes.resize(rows.size() * row_size_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      lay_out(rows[i], std::span(bytes).subspan(i * row_size_, row_size_));
    }
    const std::uint64_t offset = sizeof(HistoryHeader) + pushed_ * row_size_;
    pushed_ += rows.size();
    return file->write(offset, bytes);
  });
  if (!error) error = reserve(*file, history_size(shape()));
  return error ? error : write_counters(*file, pushed_, pushed_);
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
  lay_out(row, row_);
  const std::uint64_t offset = sizeof(HistoryHeader) + pushed_ % capacity_ * row_size_;
  if (const std::error_code error = file.write(offset, row_)) return error;
  if (const std::error_code error = write_counters(file, pushed_ + 1, pushed_ + 1)) return error;
  ++pushed_;
  return {};
}

void HistoryFile::lay_out(const SampleView& row, std::span<std::byte> bytes) const {
  std::ranges::fill(bytes, std::byte{0xFF});  // missing figures are unknown
  std::memcpy(bytes.data(), &row.metrics, sizeof row.metrics);
  const std::span room = bytes.subspan(sizeof row.metrics);
  const auto more = std::as_bytes(row.more);
  std::ranges::copy(more.first(std::min(more.size(), room.size())), room.begin());
}

}  // namespace provisr::daemon
