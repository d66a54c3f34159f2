#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace provisr::detail {

/// The number of holders of an object that one owner shares with many readers. The count is spread
/// over shards on separate cache lines: readers on different processors rarely write to the same
/// line, so they do not slow each other down.
///
/// Thread safety: every member function at any time from any thread.
class HolderCount {
 public:
  using Shard = std::uint32_t;
  static constexpr std::size_t shard_count = 16;

  /// Returns the shard in which the calling thread counts its holds.
  [[nodiscard]] static Shard shard_of_this_thread() noexcept {
    const std::uint64_t id = std::hash<std::thread::id>{}(std::this_thread::get_id());
    // Some libraries hash a number to itself, and thread numbers are multiples of the page size. A
    // multiplication by the golden ratio moves the bits that differ to the top (Fibonacci hashing).
    constexpr std::uint64_t golden_ratio = 0x9E37'79B9'7F4A'7C15U;
    constexpr int kept_bits = 4;
    static_assert(shard_count == 1U << kept_bits);
    return static_cast<Shard>(id * golden_ratio >> (64 - kept_bits));
  }

  /// Adds a holder. After retire(), only allowed in a shard that has a holder already.
  void add(Shard shard) noexcept { shards_[shard].holders.fetch_add(1, std::memory_order_seq_cst); }

  /// Removes a holder from its shard. Returns true if it was the last holder of all, after
  /// retire().
  [[nodiscard]] bool remove(Shard shard) noexcept {
    const std::uint32_t before = shards_[shard].holders.fetch_sub(1, std::memory_order_acq_rel);
    return before == (retired | 1U) && is_last_shard();
  }

  [[nodiscard]] bool is_zero() const noexcept {
    return std::all_of(shards_.begin(), shards_.end(), [](const Part& part) {
      return part.holders.load(std::memory_order_seq_cst) == 0;
    });
  }

  /// Releases the owner's hold; may be called once. Returns true if no holder is left; otherwise
  /// the last remove() will return true.
  [[nodiscard]] bool retire() noexcept {
    bool is_last = false;
    for (Part& part : shards_) {
      if (part.holders.fetch_or(retired, std::memory_order_acq_rel) == 0) is_last = is_last_shard();
    }
    return is_last;
  }

 private:
  static constexpr std::size_t cache_line = 64;
  static constexpr std::uint32_t retired = 0x8000'0000;

  struct alignas(cache_line) Part {
    std::atomic<std::uint32_t> holders = 0;
  };

  /// Called once for each shard, when it is retired and has no holder.
  [[nodiscard]] bool is_last_shard() noexcept {
    return open_shards_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  std::array<Part, shard_count> shards_;
  std::atomic<std::size_t> open_shards_ = shard_count;
};

}  // namespace provisr::detail
