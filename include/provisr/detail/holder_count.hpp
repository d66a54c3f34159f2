#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace provisr::detail {

/// How many hold an object that one owner shares with many readers. The count is spread over
/// shards on cache lines of their own: readers on different processors seldom write to the same
/// one, and so do not slow each other down.
///
/// Thread safety: all of it at any time from any thread.
class HolderCount {
 public:
  using Shard = std::uint32_t;
  static constexpr std::size_t shard_count = 16;

  /// The shard that a thread counts its holds in.
  [[nodiscard]] static Shard shard_of_this_thread() noexcept {
    const std::uint64_t id = std::hash<std::thread::id>{}(std::this_thread::get_id());
    // Some libraries hash a number to itself, and the numbers of threads are multiples of a page:
    // the golden ratio brings what they differ in to the front (Fibonacci hashing).
    constexpr std::uint64_t golden_ratio = 0x9E37'79B9'7F4A'7C15U;
    constexpr int kept_bits = 4;
    static_assert(shard_count == 1U << kept_bits);
    return static_cast<Shard>(id * golden_ratio >> (64 - kept_bits));
  }

  /// After retire(): only in a shard that has a holder already.
  void add(Shard shard) noexcept { shards_[shard].holders.fetch_add(1, std::memory_order_seq_cst); }

  /// Takes back what was added in that shard. True: that was the last one of all, after retire().
  [[nodiscard]] bool remove(Shard shard) noexcept {
    const std::uint32_t before = shards_[shard].holders.fetch_sub(1, std::memory_order_acq_rel);
    return before == (retired | 1U) && is_last_shard();
  }

  [[nodiscard]] bool is_zero() const noexcept {
    return std::all_of(shards_.begin(), shards_.end(), [](const Part& part) {
      return part.holders.load(std::memory_order_seq_cst) == 0;
    });
  }

  /// Releases the owner's hold, once. True if no holder is left; otherwise the last remove() will
  /// tell.
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
