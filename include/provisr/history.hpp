#pragma once

#include <provisr/detail/prefetch.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/ring_buffer.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace provisr {

/// The latest samples of one process, of which a writer may push one while any number of readers
/// copy them out. Nobody ever waits: a reader that is overtaken by the writer drops the samples
/// that were overwritten under it and keeps the rest.
///
/// Thread safety: one push at a time; everything else at any time from any thread.
///
/// How it holds together: every word of a sample is an atomic, so that a read beside a write is no
/// data race. The writer announces in `begun_` that it is about to overwrite, stores the words and
/// then raises `pushed_`. A reader that got a word of the n-th push (an acquire of what a release
/// stored) therefore also sees `begun_` > n, and knows which sample it spoilt.
class History {
 public:
  /// All memory, 64 bytes a sample, is allocated here. `capacity` is at least 1.
  explicit History(std::size_t capacity) : ring_(capacity) {}

  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.capacity(); }

  /// How many samples were ever pushed.
  [[nodiscard]] std::uint64_t pushed() const noexcept {
    return pushed_.load(std::memory_order_acquire);
  }

  /// A hint that a push will follow soon; of the pushing thread.
  void prefetch() const noexcept { detail::prefetch_for_write(&ring_.upcoming()); }

  void push(const ProcessMetrics& sample) noexcept {
    const std::uint64_t count = pushed_.load(std::memory_order_relaxed) + 1;
    begun_.store(count, std::memory_order_relaxed);
    ring_.advance().store(sample);
    pushed_.store(count, std::memory_order_release);
  }

  /// The sample pushed last, of which there must be one; of the pushing thread.
  void newest(ProcessMetrics& sample) const noexcept { ring_.newest().load(sample); }

  /// Appends the samples up to and without the `end`-th push to `samples`, oldest first: at most
  /// capacity() of them, fewer where later pushes have overwritten some. `end` is at most pushed().
  void read_until(std::uint64_t end, std::vector<ProcessMetrics>& samples) const {
    const std::uint64_t kept = std::min<std::uint64_t>(end, capacity());
    const std::uint64_t begin = end - kept;
    const std::size_t first = samples.size();
    samples.resize(first + static_cast<std::size_t>(kept));
    copy_slots(begin, samples.data() + first, static_cast<std::size_t>(kept));
    const std::uint64_t spoilt = spoilt_since(begin, kept);
    const auto from = samples.begin() + static_cast<std::ptrdiff_t>(first);
    samples.erase(from, from + static_cast<std::ptrdiff_t>(spoilt));
  }

  /// All samples, oldest first.
  [[nodiscard]] std::vector<ProcessMetrics> read() const {
    std::vector<ProcessMetrics> samples;
    read_until(pushed(), samples);
    return samples;
  }

 private:
  /// One sample in words that may be read while they are written; on a cache line of its own, so
  /// that a push touches no second one.
  class alignas(64) Slot {
   public:
    // Word by word: a copy of the whole sample in between, as std::bit_cast makes, is written in
    // words and read in vectors, and the processor waits for the stores to reach its cache.
    void store(const ProcessMetrics& sample) noexcept {
      const auto* bytes = reinterpret_cast<const unsigned char*>(&sample);
      for_each_word([&](std::size_t index) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes + index * sizeof value, sizeof value);
        words_[index].store(value, std::memory_order_release);
      });
    }

    void load(ProcessMetrics& sample) const noexcept {
      auto* bytes = reinterpret_cast<unsigned char*>(&sample);
      for_each_word([&](std::size_t index) {
        const std::uint64_t value = words_[index].load(std::memory_order_acquire);
        std::memcpy(bytes + index * sizeof value, &value, sizeof value);
      });
    }

   private:
    static constexpr std::size_t word_count = sizeof(ProcessMetrics) / sizeof(std::uint64_t);

    /// A loop without a loop: GCC does not unroll one over atomics, which makes a push twice as
    /// long.
    template <class Visit>
    static void for_each_word(Visit visit) noexcept {
      [&]<std::size_t... index>(std::index_sequence<index...>) {
        (visit(index), ...);
      }
      (std::make_index_sequence<word_count>{});
    }

    std::array<std::atomic<std::uint64_t>, word_count> words_{};
  };
  static_assert(sizeof(Slot) == sizeof(ProcessMetrics));
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  void copy_slots(std::uint64_t begin, ProcessMetrics* out, std::size_t count) const noexcept {
    const auto slots = ring_.storage();
    auto position = static_cast<std::size_t>(begin % capacity());
    for (std::size_t i = 0; i < count; ++i) {
      slots[position].load(out[i]);
      if (++position == slots.size()) position = 0;
    }
  }

  /// How many of the `kept` samples from `begin` on a push has touched by now.
  [[nodiscard]] std::uint64_t spoilt_since(std::uint64_t begin, std::uint64_t kept) const noexcept {
    const std::uint64_t begun = begun_.load(std::memory_order_relaxed);
    const std::uint64_t oldest_whole = begun > capacity() ? begun - capacity() : 0;
    return oldest_whole <= begin ? 0 : std::min(oldest_whole - begin, kept);
  }

  RingBuffer<Slot> ring_;
  std::atomic<std::uint64_t> begun_ = 0;
  std::atomic<std::uint64_t> pushed_ = 0;
};

}  // namespace provisr
