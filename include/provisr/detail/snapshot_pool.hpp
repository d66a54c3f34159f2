#pragma once

#include <provisr/detail/holder_count.hpp>
#include <provisr/detail/roster.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace provisr::detail {

/// The latest sample of one name, and how many samples its history had at that moment.
struct SnapshotSlot {
  ProcessMetrics metrics;
  std::uint64_t history_end = 0;
  bool running = false;
  bool vanished = false;  ///< this tick found it gone; `metrics` then holds only the PID
};

/// The contents of a Snapshot. One registry writes it while it has no readers, then many read it.
struct SnapshotBuffer {
  HolderCount holders;  ///< counts snapshots; the owner is the pool
  std::shared_ptr<const Roster> roster;
  std::vector<SnapshotSlot> slots;          ///< one for each entry of the roster
  std::vector<Figure<std::uint64_t>> more;  ///< further figures, `row_slots` for each entry
  std::size_t row_slots = 0;
  Timestamp taken_at{};
  std::uint64_t tick = 0;
  std::uint64_t revision = 0;

  [[nodiscard]] std::span<const Figure<std::uint64_t>> more_of(std::size_t index) const noexcept {
    return {more.data() + index * row_slots, row_slots};
  }
  [[nodiscard]] std::span<Figure<std::uint64_t>> more_of(std::size_t index) noexcept {
    return {more.data() + index * row_slots, row_slots};
  }
};

/// A reader's hold on a buffer: keeps it unchanged and alive, even after its pool is gone.
///
/// Thread safety: different objects from different threads, like std::shared_ptr<const T>.
class SnapshotHold {
 public:
  SnapshotHold(const SnapshotHold& other) noexcept : buffer_(other.buffer_), shard_(other.shard_) {
    if (buffer_ != nullptr) buffer_->holders.add(shard_);
  }
  SnapshotHold(SnapshotHold&& other) noexcept
      : buffer_(std::exchange(other.buffer_, nullptr)), shard_(other.shard_) {}
  SnapshotHold& operator=(SnapshotHold other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(shard_, other.shard_);
    return *this;
  }
  ~SnapshotHold() {
    if (buffer_ != nullptr && buffer_->holders.remove(shard_)) delete buffer_;
  }

  [[nodiscard]] const SnapshotBuffer* operator->() const noexcept { return buffer_; }
  [[nodiscard]] const SnapshotBuffer& operator*() const noexcept { return *buffer_; }

 private:
  friend class SnapshotPool;

  /// Takes over a hold that the caller has added in this shard.
  SnapshotHold(SnapshotBuffer& buffer, HolderCount::Shard shard) noexcept
      : buffer_(&buffer), shard_(shard) {}

  SnapshotBuffer* buffer_;
  HolderCount::Shard shard_;
};

/// The buffers of one registry. One is current; the others are held by readers or free to be
/// filled. Readers take the current one without a lock and hold it as long as they like.
///
/// Thread safety: hold_current() at any time from any thread; the rest by one thread at a time.
///
/// A reader adds itself to the count of the buffer that it saw as current, then checks that the
/// buffer still is current. The writer first replaces the current buffer and later, before it
/// reuses the old one, checks its count. All four steps are sequentially consistent, so either the
/// reader sees that the buffer is no longer current, or the writer sees that it is held. Buffers
/// are never freed before the pool, so a reader may safely touch the count of an outdated one.
class SnapshotPool {
 public:
  /// `row_slots` is the number of further figures of each name.
  explicit SnapshotPool(std::size_t row_slots = 0)
      : row_slots_(row_slots), current_(add_buffer()) {}
  SnapshotPool(const SnapshotPool&) = delete;
  SnapshotPool& operator=(const SnapshotPool&) = delete;

  /// Buffers that snapshots still hold stay alive until the last of these snapshots is gone.
  ~SnapshotPool() {
    for (SnapshotBuffer* buffer : buffers_) {
      if (buffer->holders.retire()) delete buffer;
    }
  }

  [[nodiscard]] SnapshotHold hold_current() const noexcept {
    const HolderCount::Shard shard = HolderCount::shard_of_this_thread();
    for (;;) {
      SnapshotBuffer* const buffer = current_.load(std::memory_order_acquire);
      buffer->holders.add(shard);
      if (current_.load(std::memory_order_seq_cst) == buffer) return {*buffer, shard};
      static_cast<void>(buffer->holders.remove(shard));
    }
  }

  [[nodiscard]] const SnapshotBuffer& current() const noexcept {
    return *current_.load(std::memory_order_relaxed);
  }

  /// Returns a buffer without readers, sized for `roster`, with no further figures. Allocates only
  /// if all buffers are held or the roster has changed. Throws std::bad_alloc.
  [[nodiscard]] SnapshotBuffer& free_buffer(const std::shared_ptr<const Roster>& roster) {
    drop_outdated(roster);
    SnapshotBuffer& buffer = find_free();
    if (buffer.roster != roster) {
      buffer.slots.resize(roster->size());
      buffer.more.resize(roster->size() * row_slots_);
      buffer.roster = roster;
    }
    std::fill(buffer.more.begin(), buffer.more.end(), Figure<std::uint64_t>());
    return buffer;
  }

  void make_current(SnapshotBuffer& buffer) noexcept {
    buffer.revision = current().revision + 1;
    current_.store(&buffer, std::memory_order_seq_cst);
  }

 private:
  [[nodiscard]] bool is_free(const SnapshotBuffer& buffer) const noexcept {
    return &buffer != &current() && buffer.holders.is_zero();
  }

  /// Releases outdated rosters, so that a rarely used buffer does not keep alive the histories of
  /// removed names.
  void drop_outdated(const std::shared_ptr<const Roster>& roster) noexcept {
    for (SnapshotBuffer* buffer : buffers_) {
      if (buffer->roster != roster && is_free(*buffer)) buffer->roster.reset();
    }
  }

  SnapshotBuffer& find_free() {
    for (SnapshotBuffer* buffer : buffers_) {
      if (is_free(*buffer)) return *buffer;
    }
    return *add_buffer();
  }

  SnapshotBuffer* add_buffer() {
    auto buffer = std::make_unique<SnapshotBuffer>();
    buffer->row_slots = row_slots_;
    buffers_.push_back(buffer.get());
    return buffer.release();
  }

  std::size_t row_slots_;
  std::vector<SnapshotBuffer*> buffers_;
  std::atomic<SnapshotBuffer*> current_;
};

}  // namespace provisr::detail
