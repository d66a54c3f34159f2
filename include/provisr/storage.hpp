#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/process_name.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

/// Storage of a history's bytes. The file history-format.md describes the format: in docs/ of the
/// sources, in share/doc/provisr of an installation.
namespace provisr {

/// The name and size of a history. Only a history of the same shape can continue stored bytes.
struct HistoryShape {
  std::string_view name;                          ///< a valid process name, or empty
  std::size_t capacity = 0;                       ///< rows, at least 1
  std::size_t row_size = sizeof(ProcessMetrics);  ///< bytes, a multiple of 64
};

/// The header that precedes the rows. All numbers are in the byte order of the machine that wrote
/// them.
struct HistoryHeader {
  static constexpr std::uint64_t magic_value =
      0x3152'5349'564F'5250;  ///< "PROVISR1", little-endian
  static constexpr std::uint32_t current_version = 1;

  std::atomic<std::uint64_t> magic;
  std::uint32_t version;
  std::uint32_t row_size;
  std::uint64_t capacity;
  std::atomic<std::uint64_t> begun;   ///< number of pushes that have begun
  std::atomic<std::uint64_t> pushed;  ///< number of complete pushes
  std::array<std::byte, 24> reserved;
  std::array<char, max_process_name_length> name;  ///< padded with zeros
  std::array<std::byte, 64> reserved_too;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<HistoryHeader>);
static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && sizeof(HistoryHeader) == 256);
static_assert(offsetof(HistoryHeader, version) == 8 && offsetof(HistoryHeader, row_size) == 12);
static_assert(offsetof(HistoryHeader, capacity) == 16 && offsetof(HistoryHeader, begun) == 24);
static_assert(offsetof(HistoryHeader, pushed) == 32 && offsetof(HistoryHeader, name) == 64);

/// Returns the size of a history in bytes. Throws std::bad_alloc if the size is above PTRDIFF_MAX.
[[nodiscard]] inline std::size_t history_size(const HistoryShape& shape) {
  constexpr auto largest = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  if (shape.capacity > (largest - sizeof(HistoryHeader)) / shape.row_size) throw std::bad_alloc();
  return sizeof(HistoryHeader) + shape.capacity * shape.row_size;
}

enum class StorageState : std::uint8_t {
  empty,       ///< the header is all zeros; History formats it
  whole,       ///< can be continued
  torn,        ///< can be continued; a push was cut short, and readers skip its row
  misaligned,  ///< the address is not a multiple of 64
  shorter,     ///< fewer bytes than the shape needs
  foreign,     ///< not a history, or written in another byte order
  newer,       ///< written by a later version of the format
  mismatched,  ///< a history of another name, capacity or row size
  damaged      ///< counters or reserved bytes have values that no writer leaves
};

[[nodiscard]] constexpr bool can_continue(StorageState state) noexcept {
  return state == StorageState::whole || state == StorageState::torn;
}

[[nodiscard]] constexpr std::string_view to_text(StorageState state) noexcept {
  constexpr auto texts =
      std::to_array<std::string_view>({"empty", "whole", "torn", "misaligned", "shorter", "foreign",
                                       "newer", "mismatched", "damaged"});
  return texts[static_cast<std::size_t>(state)];
}

namespace detail {

[[nodiscard]] inline bool is_zero(std::span<const std::byte> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

/// A view of a header as plain bytes, for the checks before a History uses it.
class HeaderBytes {
 public:
  explicit HeaderBytes(std::span<const std::byte, sizeof(HistoryHeader)> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_empty() const noexcept { return is_zero(bytes_); }

  [[nodiscard]] bool has_name(std::string_view name) const noexcept {
    std::array<char, max_process_name_length> padded{};
    name.copy(padded.data(), padded.size());
    return std::memcmp(&bytes_[offsetof(HistoryHeader, name)], padded.data(), padded.size()) == 0;
  }

  [[nodiscard]] bool is_damaged() const noexcept {
    const auto begun = number<std::uint64_t>(offsetof(HistoryHeader, begun));
    const auto pushed = number<std::uint64_t>(offsetof(HistoryHeader, pushed));
    constexpr std::size_t reserved = offsetof(HistoryHeader, reserved);
    constexpr std::size_t reserved_too = offsetof(HistoryHeader, reserved_too);
    return pushed > begun || begun - pushed > 1 || begun > most_pushes ||
           !is_zero(bytes_.subspan<reserved, 24>()) || !is_zero(bytes_.subspan<reserved_too, 64>());
  }

  [[nodiscard]] bool is_torn() const noexcept {
    return number<std::uint64_t>(offsetof(HistoryHeader, begun)) !=
           number<std::uint64_t>(offsetof(HistoryHeader, pushed));
  }

  template <class Number>
  [[nodiscard]] Number number(std::size_t offset) const noexcept {
    Number value{};
    std::memcpy(&value, &bytes_[offset], sizeof value);
    return value;
  }

 private:
  /// More than any writer can count to.
  static constexpr std::uint64_t most_pushes = std::uint64_t{1} << 62U;

  std::span<const std::byte, sizeof(HistoryHeader)> bytes_;
};

}  // namespace detail

/// Checks `size` bytes that begin with `header_bytes`, such as those of a file, against a history
/// of `shape`. Throws std::bad_alloc as history_size() does.
[[nodiscard]] inline StorageState inspect_history(
    std::span<const std::byte, sizeof(HistoryHeader)> header_bytes, std::uint64_t size,
    const HistoryShape& shape) {
  const detail::HeaderBytes header(header_bytes);
  const auto version = header.number<std::uint32_t>(offsetof(HistoryHeader, version));
  if (!header.is_empty()) {
    const auto magic = header.number<std::uint64_t>(offsetof(HistoryHeader, magic));
    if (magic != HistoryHeader::magic_value || version == 0) return StorageState::foreign;
    if (version > HistoryHeader::current_version) return StorageState::newer;
    const auto row_size = header.number<std::uint32_t>(offsetof(HistoryHeader, row_size));
    const auto capacity = header.number<std::uint64_t>(offsetof(HistoryHeader, capacity));
    if (row_size != shape.row_size || capacity != shape.capacity || !header.has_name(shape.name)) {
      return StorageState::mismatched;
    }
    if (header.is_damaged()) return StorageState::damaged;
  }
  if (size < history_size(shape)) return StorageState::shorter;
  if (header.is_empty()) return StorageState::empty;
  return header.is_torn() ? StorageState::torn : StorageState::whole;
}

/// Checks `bytes` against a history of `shape`. Reads only the header. Throws std::bad_alloc as
/// history_size() does.
[[nodiscard]] inline StorageState inspect_history(std::span<const std::byte> bytes,
                                                  const HistoryShape& shape) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 != 0) return StorageState::misaligned;
  if (bytes.size() < sizeof(HistoryHeader)) return StorageState::shorter;
  return inspect_history(bytes.first<sizeof(HistoryHeader)>(), bytes.size(), shape);
}

/// The bytes of one history and the owner that keeps them alive.
struct HistoryStorage {
  std::span<std::byte> bytes;  ///< 64-byte aligned; all zeros if new
  std::shared_ptr<void> owner;
};

/// A function that creates or opens the bytes for a history of `shape`, at least
/// history_size(shape) of them. It may throw std::bad_alloc. May be called from several threads at
/// once, even for one name; then one of the results is dropped.
///
/// Bytes are in use until the last copy of `owner` is gone. This may be long after the name was
/// removed, because snapshots and views keep its history alive. Bytes in use must not be handed out
/// again, nor another mapping of the same file: two histories would write to them, and a snapshot
/// of the former would show samples of the latter.
using StorageProvider = std::function<HistoryStorage(const HistoryShape& shape)>;

/// Allocates zeroed bytes on the heap. Throws std::bad_alloc.
[[nodiscard]] inline HistoryStorage heap_storage(const HistoryShape& shape) {
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };
  const std::size_t lines = history_size(shape) / sizeof(Line);
  auto memory = std::make_unique<Line[]>(lines);
  const std::span<std::byte> bytes(memory.get()->bytes.data(), lines * sizeof(Line));
  return {bytes, std::shared_ptr<Line[]>(std::move(memory))};
}

}  // namespace provisr
