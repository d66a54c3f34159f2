#pragma once

#include <provisr/detail/name_hash.hpp>
#include <provisr/history.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::detail {

/// The names of a registry in order, each with its history. Rebuilt if a name is added, retired or
/// removed; otherwise immutable and shared by all snapshots.
class Roster {
 public:
  struct Entry {
    std::string name;
    std::shared_ptr<const History> history;
    bool is_retired = false;
    std::uint64_t added_as = 0;  ///< a number of its own for each time that a name is added
  };

  Roster() = default;

  /// `sorted` is sorted by name, without duplicates.
  explicit Roster(std::vector<Entry> sorted)
      : entries_(std::move(sorted)),
        buckets_(std::bit_ceil(entries_.size() * 2 + 2), empty_bucket),
        hash_shift_(std::countl_zero(std::uint64_t{buckets_.size() - 1})) {
    for (std::size_t i = 0; i < entries_.size(); ++i) insert(static_cast<std::uint32_t>(i));
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const Entry& operator[](std::size_t index) const noexcept {
    return entries_[index];
  }

  /// Returns the position of a name in constant time; empty if the name is unknown.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept {
    if (entries_.empty()) return std::nullopt;
    for (std::size_t bucket = home(name);; bucket = next(bucket)) {
      const std::uint32_t index = buckets_[bucket];
      if (index == empty_bucket) return std::nullopt;
      if (entries_[index].name == name) return index;
    }
  }

  /// Returns the positions [first, last) of all names that start with `prefix`.
  [[nodiscard]] std::pair<std::size_t, std::size_t> with_prefix(
      std::string_view prefix) const noexcept {
    const auto first = std::lower_bound(
        entries_.begin(), entries_.end(), prefix,
        [](const Entry& entry, std::string_view text) { return entry.name < text; });
    const auto last = std::find_if_not(
        first, entries_.end(), [&](const Entry& entry) { return entry.name.starts_with(prefix); });
    return {static_cast<std::size_t>(first - entries_.begin()),
            static_cast<std::size_t>(last - entries_.begin())};
  }

 private:
  static constexpr std::uint32_t empty_bucket = 0xffff'ffff;

  [[nodiscard]] std::size_t home(std::string_view name) const noexcept {
    return static_cast<std::size_t>(name_hash(name) >> hash_shift_);
  }
  [[nodiscard]] std::size_t next(std::size_t bucket) const noexcept {
    return (bucket + 1) & (buckets_.size() - 1);
  }

  void insert(std::uint32_t index) noexcept {
    std::size_t bucket = home(entries_[index].name);
    while (buckets_[bucket] != empty_bucket) bucket = next(bucket);
    buckets_[bucket] = index;
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> buckets_;  ///< open addressing, less than half full
  int hash_shift_ = 0;                  ///< right shift from a hash to a bucket index
};

}  // namespace provisr::detail
